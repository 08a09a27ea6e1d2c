import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { parseRegionName } from '../../src/core/ids.ts';
import { decodeFrame, encodeFrame } from '../../src/wire/gossip.ts';
import {
  ADMIN_METHODS,
  GOSSIP_METHODS,
  type RawMethod,
  TRUST_METHODS,
} from '../../src/wire/methods.ts';
import { loadAllProtos, loadProto } from '../../src/wire/protos.ts';

const SERVICES: Readonly<Record<string, Readonly<Record<string, RawMethod>>>> = {
  'kedge.v1.TrustService': TRUST_METHODS,
  'kedge.v1.GossipService': GOSSIP_METHODS,
  'kedge.v1.AdminService': ADMIN_METHODS,
};

describe('methods', () => {
  it.each(Object.entries(SERVICES))('are those of the protobuf file: %s', (name, methods) => {
    const definition = Object.values(loadAllProtos()[name] ?? {});
    const facts = (list: readonly RawMethod[]): unknown =>
      list
        .map(({ path, requestStream, responseStream }) => ({ path, requestStream, responseStream }))
        .toSorted((a, b) => a.path.localeCompare(b.path));
    expect(definition.length).toBeGreaterThan(0);
    expect(facts(Object.values(methods))).toEqual(facts(definition));
  });
});

describe('loadProto', () => {
  it('parses a file once', () => {
    expect(loadProto('trust')).toBe(loadProto('trust'));
  });
});

describe('generated types', () => {
  it('are what the protobuf files generate', () => {
    execFileSync(process.execPath, ['scripts/gen-protos.mjs', '--check']);
  });
});

describe('protobuf decoding (F11)', () => {
  const payload = Buffer.from('{"exact":"bytes"}');
  const frame = encodeFrame({
    kind: 'push',
    push: {
      statement: { payload, signatures: [] },
      content: { kind: 'whole', body: Buffer.from('{}') },
      blobs: [],
    },
    origin: parseRegionName('fra'),
  });

  it('ignores unknown fields and keeps the payload bytes', () => {
    const unknown = Buffer.of(0xf8, 0x01, 0x2a);
    expect(decodeFrame(Buffer.concat([frame, unknown]))).toEqual(decodeFrame(frame));
  });

  it('takes the payload bytes of a repeated message as they are', () => {
    const twice = Buffer.concat([frame, frame]);
    expect(decodeFrame(twice)).toEqual(decodeFrame(frame));
  });

  it('refuses groups, however deep', () => {
    const groups = Buffer.alloc(200_000, 0x0b);
    expect(() => decodeFrame(groups)).toThrow('unknown wire type');
  });
});
