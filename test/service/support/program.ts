import type { HeldRelease, WatchResponse } from '../../../src/core/watch/messages.ts';

/** One program: what it was sent, as it says that it holds it. */
export class Program {
  readonly messages: WatchResponse[] = [];
  held: HeldRelease | undefined;
  readonly #labels: ReadonlyMap<string, string>;

  constructor(held: HeldRelease | undefined, labels: Readonly<Record<string, string>>) {
    this.held = held;
    this.#labels = new Map(Object.entries(labels));
  }

  get labels(): ReadonlyMap<string, string> {
    return this.#labels;
  }

  /** Releases that it was sent, and what it was told is the newest for it. */
  sent(): readonly string[] {
    return this.messages.flatMap((message) => {
      if (message.kind === 'update') return [`update ${String(this.#sequenceOf(message))}`];
      if (message.kind !== 'current') return [];
      return [`current ${String(message.at.held?.sequence ?? 0)}`];
    });
  }

  /** Releases that it was shown and not given. */
  shown(): readonly number[] {
    return this.messages.flatMap((message) =>
      message.kind === 'waiting' ? [this.#sequenceOf(message)] : [],
    );
  }

  #sequenceOf({ update }: Extract<WatchResponse, { kind: 'update' | 'waiting' }>): number {
    const text = Buffer.from(update.statements.at(-1)?.payload ?? []).toString();
    return (JSON.parse(text) as { predicate: { sequence: number } }).predicate.sequence;
  }
}
