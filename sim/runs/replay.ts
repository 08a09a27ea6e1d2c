/**
 * Runs a recording of a real node again: the same events must give the same effects.
 *
 * @module
 */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { GossipEvent } from '../../src/core/gossip/events.ts';
import { GossipMachine } from '../../src/core/gossip/machine.ts';
import { restoreTrustedState } from '../../src/core/trusted/restore.ts';
import type { TrustedState } from '../../src/core/trusted/state.ts';
import {
  decodeLine,
  digestEffects,
  encodeLine,
  isRecordedEvent,
  isRecordingStart,
} from '../../src/service/replication/recording.ts';

/** What replaying came to; `differs`: where the effects were others. */
export interface Replay {
  readonly starts: number;
  readonly events: number;
  readonly differs?: { readonly line: number; readonly what: string };
}

/** Replays lines up to the first difference. A node that was started again began anew. */
export async function replay(lines: AsyncIterable<string> | Iterable<string>): Promise<Replay> {
  let machine: GossipMachine | undefined;
  let random: number[] = [];
  let signed: Uint8Array[] = [];
  let [starts, events, line] = [0, 0, 0];
  const differ = (what: string): Replay => ({ starts, events, differs: { line, what } });
  for await (const text of lines) {
    line += 1;
    if (text === '') continue;
    const value = readLine(text);
    // A process that was killed leaves half a line; what comes after it is a new start.
    if (value === undefined) {
      machine = undefined;
      continue;
    }
    if (isRecordingStart(value)) {
      starts += 1;
      const state = restoreTrustedState(value.pin, value.stored);
      [random, signed] = [[...value.random], [...value.signed]];
      const sign = (): Uint8Array => signed.shift() ?? new Uint8Array(0);
      const membership = { ...value.options.membership, sign };
      const draw = (): number => random.shift() ?? 0;
      machine = new GossipMachine({ ...value.options, membership, state, random: draw });
      continue;
    }
    if (!isRecordedEvent(value)) return differ('is no line of a recording');
    if (machine === undefined) return differ('comes before the start of the recording');
    [random, signed] = [[...value.random], [...value.signed]];
    events += 1;
    const effects = machine.handle(
      relinked(value.event, machine.verified),
      value.nowMs,
      value.monotonicMs,
    );
    if (digestEffects(effects) !== value.effects) {
      const kinds = effects.map(({ kind }) => kind).join(', ');
      return differ(`${value.event.kind} gave other effects: ${kinds === '' ? 'none' : kinds}`);
    }
  }
  return { starts, events };
}

/** What a store found of a stream counts for the very state that it was found for. */
function relinked(event: GossipEvent, { streams }: TrustedState): GossipEvent {
  if (!('recall' in event) || event.recall.holdings === undefined) return event;
  const holdings = event.recall.holdings.map((one) => {
    const of = streams.get(one.of.stream);
    return of !== undefined && encodeLine(of) === encodeLine(one.of) ? { ...one, of } : one;
  });
  return { ...event, recall: { ...event.recall, holdings } };
}

function readLine(text: string): unknown {
  try {
    return decodeLine(text);
  } catch {
    return undefined;
  }
}

/** Replays a file. */
export async function replayFile(path: string): Promise<Replay> {
  return await replay(createInterface({ input: createReadStream(path) }));
}
