/**
 * Against the HPACK of nghttp2, which Node has: it encodes requests that are decoded here, and
 * decodes answers that are encoded here.
 */
import { sensitiveHeaders } from 'node:http2';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HpackDecoder } from '../../../src/http2/hpack/decoder.ts';
import type { Field } from '../../../src/http2/hpack/field.ts';
import { nodeClient } from './node-client.ts';

const SIZES = [4096, 0, 64, 1000];
const visible = fc.integer({ min: 0x21, max: 0x7e }).map((octet) => String.fromCharCode(octet));
const value = fc.oneof(
  fc.string({ unit: visible, maxLength: 40 }),
  // Beyond ASCII the codes are long; a large one goes over several frames.
  fc.string({ unit: fc.constantFrom('\u{a1}', '\u{ff}', 'a'), minLength: 1, maxLength: 40 }),
  fc.integer({ min: 0, max: 20_000 }).map((length) => 'x~'.repeat(length / 2)),
  // Equal ones come back as indexes.
  fc.constantFrom('application/grpc', 'trailers', 'grpc-node-js/1.14.0'),
);
const name = fc
  .string({
    unit: fc.integer({ min: 0, max: 35 }).map((digit) => digit.toString(36)),
    minLength: 1,
  })
  .map((text) => `x-${text}`);
const request = fc.record({
  fields: fc.dictionary(name, value, { maxKeys: 60 }),
  secret: fc.boolean(),
});
const ANSWER: readonly Field[] = [
  [':status', '200'],
  ['content-type', 'application/grpc+proto'],
  ['x-long', 'y'.repeat(10_000)],
  ['x-empty', ''],
];

describe('HPACK with Node as the peer', () => {
  it.each(SIZES)('agrees on every field, with a table of %d bytes', async (tableBytes) => {
    await using client = await nodeClient(tableBytes);
    // Until the client has heard of the size, its table may have the size that all begin with.
    const decoder = new HpackDecoder({ tableBytes: 4096, listBytes: 2_000_000, fields: 200 });
    const requests = fc.sample(request, { numRuns: 40, seed: tableBytes });
    for (const { fields, secret } of requests) {
      const sensitive = secret ? { [sensitiveHeaders]: Object.keys(fields) } : {};
      const headers = { ':method': 'POST', ':path': '/a/b', ...fields, ...sensitive };
      const { block, answered } = await client.request(headers, ANSWER);
      const decoded = decoder.decode(block).filter(([key]) => key.startsWith('x-'));
      expect(decoded).toEqual(Object.entries(fields));
      expect(answered).toMatchObject(Object.fromEntries(ANSWER.slice(1)));
      expect(answered[':status']).toBe(200);
    }
  });
});
