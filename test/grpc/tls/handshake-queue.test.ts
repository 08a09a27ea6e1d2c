import { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import {
  BEGUN_PER_TURN,
  HandshakeQueue,
  PHASE_MS,
  WAIT_MAX_MS,
  WAITING_MAX,
} from '../../../src/grpc/tls/handshake-queue.ts';
import { SimulatedClock } from '../../../src/testing/simulated-clock.ts';

async function turn(): Promise<void> {
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
}

function queueOf(clock: SimulatedClock): {
  readonly queue: HandshakeQueue;
  readonly begun: Socket[];
  readonly shed: Socket[];
} {
  const begun: Socket[] = [];
  const shed: Socket[] = [];
  const queue = new HandshakeQueue({
    clock,
    begin: (socket) => void begun.push(socket),
    shed: (socket) => void shed.push(socket),
  });
  return { queue, begun, shed };
}

function sockets(count: number): readonly Socket[] {
  return Array.from({ length: count }, () => new Socket());
}

describe('HandshakeQueue', () => {
  it('begins a few per turn, in the order in which they came', async () => {
    const { queue, begun } = queueOf(new SimulatedClock());
    const all = sockets(BEGUN_PER_TURN + 2);
    for (const socket of all) queue.add(socket);
    await turn();
    expect(begun).toEqual([]);
    await turn();
    expect(begun).toHaveLength(BEGUN_PER_TURN);
    await turn();
    expect(begun.every((socket, index) => socket === all[index])).toBe(true);
    expect(begun).toHaveLength(all.length);
  });

  it('takes all that come turn by turn before one begins', async () => {
    const { queue, begun } = queueOf(new SimulatedClock());
    for (const socket of sockets(4 * BEGUN_PER_TURN)) {
      queue.add(socket);
      await turn();
    }
    expect(begun).toEqual([]);
    await turn();
    expect(begun).toHaveLength(BEGUN_PER_TURN);
  });

  it('leaves half of the time to those that wait when others keep coming', async () => {
    const clock = new SimulatedClock();
    const { queue, begun } = queueOf(clock);
    const begunWithin = async (turns: number): Promise<number> => {
      const before = begun.length;
      for (const socket of sockets(turns)) {
        queue.add(socket);
        await turn();
      }
      return begun.length - before;
    };
    expect(await begunWithin(100)).toBe(0);
    clock.advance(PHASE_MS);
    expect(await begunWithin(10)).toBe(10 * BEGUN_PER_TURN);
    clock.advance(PHASE_MS);
    expect(await begunWithin(10)).toBe(0);
  });

  it('sheds who comes when as many wait as can be served', () => {
    const { queue, shed } = queueOf(new SimulatedClock());
    for (const socket of sockets(WAITING_MAX)) queue.add(socket);
    const late = new Socket();
    queue.add(late);
    expect(shed).toEqual([late]);
    expect(queue.size).toBe(WAITING_MAX);
  });

  it('sheds who waited so long that it may have given up', async () => {
    const clock = new SimulatedClock();
    const { queue, begun, shed } = queueOf(clock);
    const [early = new Socket(), fresh = new Socket()] = sockets(2);
    queue.add(early);
    clock.advance(WAIT_MAX_MS + 1);
    queue.add(fresh);
    await turn();
    await turn();
    expect([begun, shed]).toEqual([[fresh], [early]]);
  });

  it('does not begin with who is gone', async () => {
    const { queue, begun } = queueOf(new SimulatedClock());
    const gone = new Socket();
    queue.add(gone);
    queue.delete(gone);
    await turn();
    expect(begun).toEqual([]);
  });
});
