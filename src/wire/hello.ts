/**
 * The greeting of a node: message ⇄ the value of `core/gossip/frames.ts`. Errors: `PARSE`,
 * `LIMIT`.
 *
 * @module
 */
import type { Hello } from '../core/gossip/frames.ts';
import { parseNodeId, parseRealmName, parseRegionName } from '../core/ids.ts';
import { decodeRandomId, decodeSha256, decodeText, encodeHexBytes } from './fields.ts';
import type { HelloInput, HelloOutput } from './gen/kedge/v1/Hello.ts';

/** A host name of 253 characters, and a port. */
const ADDRESS_MAX_CHARS = 260;

/** Reads a greeting. */
export function decodeHello(hello: HelloOutput): Hello {
  return {
    protocolVersion: hello.protocolVersion,
    nodeId: parseNodeId(hello.nodeId),
    region: parseRegionName(hello.region),
    realm: parseRealmName(hello.realm),
    firstCharterDigest: decodeSha256(hello.firstCharterDigest, 'first charter digest'),
    bootId: decodeRandomId(hello.bootId, 'boot id'),
    storeId: decodeRandomId(hello.storeId, 'store id'),
    address: decodeText(hello.address, ADDRESS_MAX_CHARS, 'address'),
    ...(hello.adoption && { adoption: true }),
    ...(hello.proposals && { proposals: true }),
    ...(hello.waveCounts && { waveCounts: true }),
    ...(hello.marks && { marks: true }),
    ...(hello.lines && { lines: true }),
  };
}

/** The message of a greeting. */
export function helloMessage(greeting: Hello): HelloInput {
  const { adoption, proposals, waveCounts, marks, lines, ...hello } = greeting;
  return {
    ...hello,
    firstCharterDigest: encodeHexBytes(hello.firstCharterDigest),
    bootId: encodeHexBytes(hello.bootId),
    storeId: encodeHexBytes(hello.storeId),
    adoption: adoption === true,
    proposals: proposals === true,
    waveCounts: waveCounts === true,
    marks: marks === true,
    lines: lines === true,
  };
}
