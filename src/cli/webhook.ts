/**
 * Tells a URL of events, as JSON, in order, from a queue that never grows without bound.
 *
 * Each event is posted until the other side says 2xx, with growing pauses, a few times at most;
 * then it is given up and counted. When more wait than fit, the oldest is dropped: what is newest
 * matters most, and every post says how many were lost before it. The URL may hold a secret, so
 * messages show its host alone. Nothing in an answer is read or followed.
 *
 * @module
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { KedgeError } from '../core/errors.ts';
import type { Json } from './output.ts';

const QUEUE_MAX = 256;
const ATTEMPTS_MAX = 6;
const FIRST_PAUSE_MS = 500;
const PAUSE_MAX_MS = 15_000;
const ANSWER_MAX_MS = 10_000;
const LOOPBACK = new Set(['127.0.0.1', '[::1]', 'localhost']);

/** What a webhook needs from its surroundings. */
export interface WebhookOptions {
  readonly url: URL;
  readonly signal: AbortSignal;
  /** Told when an event is given up. */
  readonly onLost: (why: string) => void;
  /** Scales pauses; default 1. */
  readonly pauseScale?: number;
}

/** Reads the URL of a webhook: https, or http to this machine. Errors: `CONFIG`. */
export function parseWebhook(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isLocal = url?.protocol === 'http:' && LOOPBACK.has(url.hostname);
  if (url !== undefined && (url.protocol === 'https:' || isLocal)) return url;
  throw new KedgeError('CONFIG', 'not the URL of a webhook', {
    detail: { hint: 'give https://…, or http:// on this machine' },
  });
}

/** Posts events to one URL. Dispose it to wait for what is on its way. */
export class Webhook implements AsyncDisposable {
  readonly #options: WebhookOptions;
  readonly #queue: Json[] = [];
  #lost = 0;
  #running: Promise<void> | undefined;

  constructor(options: WebhookOptions) {
    this.#options = options;
  }

  /** Puts an event into the queue; returns at once. */
  send(event: { readonly [key: string]: Json }): void {
    if (this.#queue.length >= QUEUE_MAX) {
      this.#queue.shift();
      this.#lose(`more than ${QUEUE_MAX} events wait`);
    }
    this.#queue.push(event);
    this.#running ??= this.#run();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    // Not before `#running` is set: who sends next must see that this runs.
    await Promise.resolve();
    for (let event = this.#queue.shift(); event !== undefined; event = this.#queue.shift()) {
      const why = await this.#deliver(JSON.stringify({ lost: this.#lost, event }));
      if (why === undefined) this.#lost = 0;
      else this.#lose(why);
    }
    this.#running = undefined;
  }

  /** Absent: the other side has it. */
  async #deliver(body: string): Promise<string | undefined> {
    const { signal, pauseScale = 1 } = this.#options;
    let why = 'it was stopped';
    for (let attempt = 0; attempt < ATTEMPTS_MAX && !signal.aborted; attempt += 1) {
      if (attempt > 0) {
        const fullMs = Math.min(PAUSE_MAX_MS, FIRST_PAUSE_MS * 2 ** attempt);
        const pauseMs = fullMs * (0.5 + Math.random() / 2) * pauseScale;
        await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
      }
      const outcome = await this.#post(body);
      if (outcome === undefined) return undefined;
      why = outcome;
    }
    return why;
  }

  async #post(body: string): Promise<string | undefined> {
    const { url, signal } = this.#options;
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
        redirect: 'error',
        signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MAX_MS)]),
      });
      await response.body?.cancel();
      return response.ok ? undefined : `it answered ${response.status}`;
    } catch (thrown) {
      // The message of `fetch` may have the whole URL in it.
      return thrown instanceof Error && thrown.name === 'TimeoutError'
        ? 'it did not answer in time'
        : 'it could not be reached';
    }
  }

  #lose(why: string): void {
    this.#lost += 1;
    this.#options.onLost(`the webhook at ${this.#options.url.host} lost an event: ${why}`);
  }
}
