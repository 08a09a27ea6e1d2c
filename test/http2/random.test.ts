/**
 * Random peers: none makes a connection send what it must not, or say something else because its
 * bytes are cut in another way.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FLAGS, makeFrame } from '../../src/http2/frame.ts';
import { Auditor } from './support/auditor.ts';
import {
  ACK,
  data,
  HELLO,
  NOTHING,
  PING,
  request,
  reset,
  settings,
  TestPeer,
  uint32,
  widen,
} from './support/test-peer.ts';

const INITIAL_WINDOW = 4;
const BLOCK = Buffer.of(0x20, 0x88);

/** What happens next on a connection whose peer keeps to the rules. */
const step = fc.oneof(
  fc.record({ kind: fc.constant('ask' as const) }),
  fc.record({
    kind: fc.constantFrom('say' as const, 'end' as const, 'reset' as const),
    pick: fc.nat(),
    bytes: fc.nat({ max: 3_000 }),
  }),
  fc.record({
    kind: fc.constant('widen' as const),
    pick: fc.nat(),
    bytes: fc.integer({ min: 1, max: 100_000 }),
  }),
  fc.record({ kind: fc.constant('settings' as const), window: fc.option(fc.nat(100_000)) }),
  fc.record({
    kind: fc.constantFrom('write' as const, 'finish' as const, 'cut' as const),
    pick: fc.nat(),
    bytes: fc.nat({ max: 90_000 }),
  }),
  fc.record({ kind: fc.constantFrom('fill' as const, 'drain' as const, 'ping' as const) }),
  fc.record({ kind: fc.constantFrom('leave' as const), pick: fc.nat({ max: 20 }) }),
);

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** A peer that keeps to the rules, its books, and a server that does what comes to its mind. */
class Fair {
  readonly peer: TestPeer = new TestPeer(100);
  readonly auditor: Auditor = new Auditor();
  readonly #here: Set<number> = new Set();
  #nextId = 1;
  #receivable = 60_000;

  constructor() {
    this.auditor.announced(undefined);
    this.peer.say(HELLO, ACK);
    this.do({ kind: 'ask' });
  }

  do(step: Step): void {
    this.#act(step);
    this.auditor.check(this.peer.heard());
  }

  #act(step: Step): void {
    const { peer, auditor } = this;
    switch (step.kind) {
      case 'ask':
        auditor.asked(this.#nextId);
        this.#here.add(this.#nextId);
        peer.say(request(this.#nextId));
        this.#nextId += 2;
        break;
      case 'settings':
        auditor.announced(step.window ?? undefined);
        peer.say(step.window === null ? settings() : settings([INITIAL_WINDOW, step.window]));
        break;
      case 'ping':
        peer.say(PING);
        break;
      case 'fill':
        peer.wire.takesMore = false;
        break;
      case 'drain':
        peer.drain();
        break;
      case 'leave':
        if (step.pick === 0) peer.connection.leave();
        break;
      case 'widen': {
        const ids = [0, ...peer.opened.map(({ stream }) => stream.id)];
        const id = ids[step.pick % ids.length] ?? 0;
        auditor.widened(id, step.bytes);
        peer.say(widen(id, step.bytes));
        break;
      }
      case 'say':
      case 'end':
      case 'reset':
        this.#ofPeer(step);
        break;
      case 'write':
      case 'finish':
      case 'cut':
        this.#ofServer(step);
        break;
    }
  }

  #ofPeer({ kind, pick, bytes }: Extract<Step, { kind: 'say' | 'end' | 'reset' }>): void {
    const ids = [...this.#here];
    const id = ids[pick % Math.max(1, ids.length)];
    if (id === undefined) return;
    if (kind === 'say' && bytes < this.#receivable) {
      this.#receivable -= bytes;
      this.peer.say(data(id, Buffer.alloc(bytes)));
    } else if (kind !== 'say') {
      this.#here.delete(id);
      if (kind === 'reset') this.auditor.forget(id);
      this.peer.say(kind === 'reset' ? reset(id) : data(id, NOTHING, FLAGS.endStream));
    }
  }

  #ofServer({ kind, pick, bytes }: Extract<Step, { kind: 'write' | 'finish' | 'cut' }>): void {
    const opened = this.peer.opened[pick % Math.max(1, this.peer.opened.length)];
    if (opened === undefined) return;
    const { stream, events } = opened;
    if (!events.includes('answered')) {
      events.push('answered');
      stream.respond(BLOCK);
    }
    if (kind === 'cut') stream.reset(8);
    else if (kind === 'finish') stream.end(BLOCK);
    // A writer that was told to wait waits.
    else if (events.lastIndexOf('waits') <= events.lastIndexOf('drained')) {
      if (!stream.write(Buffer.alloc(bytes))) events.push('waits');
    }
  }
}

/** A frame that may be anything. */
const anyFrame = fc.oneof(
  fc
    .record({
      type: fc.nat({ max: 10 }),
      flags: fc.constantFrom(0, 1, 4, 5, 8, 0x20, 0x2d, 0xff),
      streamId: fc.constantFrom(0, 1, 2, 3, 5, 0x7fff_ffff),
      payload: fc.oneof(
        fc.uint8Array({ maxLength: 40 }),
        fc.constantFrom(uint32(0), uint32(1 << 30)),
      ),
    })
    .map(({ type, flags, streamId, payload }) =>
      makeFrame(type, flags, streamId, Buffer.from(payload)),
    ),
  fc.constantFrom(ACK, PING, request(1), request(3), widen(0, 0x7fff_ffff), settings([4, 0])),
  fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes)),
);

describe('a connection with a peer that keeps to the rules', () => {
  it('sends what it may and nothing else, whatever both sides do', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const fair = new Fair();
        for (const each of steps) fair.do(each);
        expect(fair.peer.failures.map(({ message }) => message)).toEqual([]);
        expect(fair.auditor.faults).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });
});

describe('a connection with a peer that says anything', () => {
  it('says the same however its bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(anyFrame, { maxLength: 20 }), (frames) => {
        const whole = new TestPeer(4).say(HELLO, ...frames);
        const single = new TestPeer(4);
        const behind: Buffer[] = [];
        for (const byte of Buffer.concat([HELLO, ...frames])) {
          if (single.given.length > 0) behind.push(Buffer.of(byte));
          else single.say(Buffer.of(byte));
        }
        expect(single.words()).toEqual(whole.words());
        expect(Buffer.concat([...single.given, ...behind])).toEqual(Buffer.concat(whole.given));
      }),
    );
  });
});
