/**
 * What a node believes of what its workers say.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { boundedAltNames } from '../../../src/grpc/tls/alt-names-bound.ts';
import { Authorities } from '../../../src/grpc/tls/authorities.ts';
import { parseAltNames } from '../../../src/grpc/tls/certificate-names.ts';
import {
  beginningText,
  materialText,
  parseBeginning,
  parseMaterial,
} from '../../../src/grpc/workers/beginning.ts';
import { counterAt, counterOf } from '../../../src/grpc/workers/counters.ts';
import { FrameReader } from '../../../src/grpc/workers/frames.ts';
import {
  aliveFrame,
  dataHead,
  FROM_WORKER_MAX_BYTES,
  type FromWorker,
  numberFrame,
  numbersFrame,
  openedFrame,
  parseFromWorker,
  parseToWorker,
  TO_WORKER_MAX_BYTES,
  type ToWorker,
  writeHead,
} from '../../../src/grpc/workers/messages.ts';
import { logFor, sendingLogger } from '../../../src/grpc/workers/worker-log.ts';
import { noLogger } from '../../../src/ports/logger.ts';
import { LogLines, nodeTls, tlsMaterial } from '../support/listener.ts';

function heard(bytes: Buffer): FromWorker {
  const all: FromWorker[] = [];
  const reader = new FrameReader(FROM_WORKER_MAX_BYTES);
  reader.read(bytes, (kind, body) => all.push(parseFromWorker(kind, body)));
  const [first] = all;
  if (first === undefined || all.length > 1) throw new Error(`${all.length} frames`);
  return first;
}

function told(bytes: Buffer): ToWorker | undefined {
  let said: ToWorker | undefined;
  const reader = new FrameReader(TO_WORKER_MAX_BYTES);
  reader.read(bytes, (kind, body) => {
    said = parseToWorker(kind, body);
  });
  return said;
}

describe('what a worker says', () => {
  it.each(['DNS:a.example', '', undefined])('names the caller as it was: %s', (altNames) => {
    const line = { id: 7, group: 3, from: '[::1]:50123', isHttp2: true, altNames };
    expect(heard(openedFrame(line))).toEqual({ kind: 'opened', line });
  });

  it('has room for as many names as decide who calls', () => {
    const altNames = boundedAltNames('\u20ac'.repeat(500_000));
    const line = { id: 7, group: 3, from: '[::1]:50123', isHttp2: true, altNames };
    expect(heard(openedFrame(line))).toEqual({ kind: 'opened', line });
    expect(() => parseAltNames(altNames)).toThrow(expect.objectContaining({ code: 'ACCESS' }));
  });

  it('carries the bytes of a line as they are', () => {
    fc.assert(
      fc.property(fc.nat(), fc.uint8Array(), (id, given) => {
        const bytes = Buffer.from(given);
        const frame = Buffer.concat([dataHead(id, bytes.length), bytes]);
        expect(heard(frame)).toEqual({ kind: 'data', id, bytes });
      }),
    );
  });

  it('tells of lines, groups, counters and itself', () => {
    expect(heard(numberFrame('closed', 9))).toEqual({ kind: 'closed', id: 9 });
    expect(heard(numbersFrame('moving', 2, 500))).toEqual({
      kind: 'moving',
      group: 2,
      withinMs: 500,
    });
    expect(heard(aliveFrame(2 ** 40))).toEqual({ kind: 'alive', residentBytes: 2 ** 40 });
    const labels = { kind: 'resumed' };
    expect(counterAt(counterOf('kedge_handshakes_total', labels))).toEqual({
      name: 'kedge_handshakes_total',
      labels,
    });
  });

  it('is refused when it is anything else, and nothing else is thrown', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 255 }), fc.uint8Array(), (kind, body) => {
        try {
          parseFromWorker(kind, Buffer.from(body));
        } catch (thrown) {
          expect(thrown).toMatchObject({ code: 'PARSE' });
        }
      }),
    );
    expect(() => parseFromWorker(3, Buffer.from('000000010000000101ffff', 'hex'))).toThrow(
      expect.objectContaining({ code: 'PARSE' }),
    );
    expect(() => counterAt(99)).toThrow(expect.objectContaining({ code: 'PARSE' }));
  });
});

describe('what a worker logs', () => {
  it('is logged by the node', () => {
    const log = new LogLines();
    const fields = { event: 'address.refused', from: '192.0.2.1', forMs: 1000 } as const;
    sendingLogger((text) => logFor(log, text)).warn(fields, 'turned away');
    expect(log.lines).toEqual([fields]);
  });

  it.each([
    ['another event', { level: 'warn', fields: { event: 'node.ready' }, message: '' }],
    ['another level', { level: 'child', fields: { event: 'connection.cut' }, message: '' }],
    ['a field within', { level: 'warn', fields: { event: 'connection.cut', a: {} }, message: '' }],
    ['no object', 7],
  ])('is refused with %s', (_what, line) => {
    expect(() => logFor(noLogger, JSON.stringify(line))).toThrow(
      expect.objectContaining({ code: 'PARSE' }),
    );
  });

  it('is refused when it is no JSON', () => {
    expect(() => logFor(noLogger, '{')).toThrow(expect.objectContaining({ code: 'PARSE' }));
  });
});

describe('what a node says', () => {
  it('lets many lines write one piece', () => {
    const bytes = Buffer.from('a change');
    const said = told(Buffer.concat([writeHead([1, 2, 0xff_ff_ff_ff], bytes.length), bytes]));
    expect(said).toEqual({
      kind: 'write',
      ids: Buffer.from('0000000100000002ffffffff', 'hex'),
      bytes,
    });
    expect(told(numberFrame('ask', 5))).toEqual({ kind: 'ask', id: 5 });
  });

  it('tells a worker how to listen, and with what', () => {
    const material = tlsMaterial(nodeTls);
    const [authority] = material.callers.all;
    if (authority === undefined) throw new Error('no authority');
    const callers = new Authorities([{ ...authority, state: 'retiring', distrustAfterMs: 7 }]);
    const beginning = { host: '::1', port: 7, sessions: 'resumable', moveWithinMs: 5 } as const;
    const there = parseBeginning(
      beginningText({ ...beginning, material: { ...material, callers } }),
    );
    expect(there).toMatchObject({
      ...beginning,
      material: { cert: nodeTls.cert, key: nodeTls.key },
    });
    expect(there.material.callers.tag).toBe(callers.tag);
    expect(there.material.peers.size).toBe(0);
    expect(parseMaterial(materialText(material)).callers.tag).toBe(material.callers.tag);
  });
});
