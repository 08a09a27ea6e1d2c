/**
 * A fingerprint of everything that machines were told and did: two runs of a seed must agree on it.
 *
 * Fast and not cryptographic (FNV-1a in two lanes): nobody attacks it.
 *
 * @module
 */
import { KedgeError } from '../../src/core/errors.ts';
import type { GossipEffect, GossipEvent } from '../../src/core/gossip/events.ts';
import type { Trace } from './trace.ts';

const FNV_PRIME = 0x0100_0193;
/** What a state says follows from the effects before; walking it each time would be slow. */
const SKIPPED = new Set(['state']);

/** Bytes, names and words are seen again and again. */
const fingerprints = new WeakMap<Uint8Array, number>();
const texts = new Map<string, number>();
const TEXTS_MAX = 65_536;

/** Hashes events and effects. */
export class HashTrace implements Trace {
  #low = 0x811c_9dc5;
  #high = 0x5bd1_e995;

  add(host: number, nowMs: number, event: GossipEvent, effects: readonly GossipEffect[]): void {
    this.#number(host);
    this.#number(nowMs);
    this.#walk(event);
    this.#walk(effects);
  }

  get value(): string {
    return [this.#high, this.#low]
      .map((lane) => (lane >>> 0).toString(16).padStart(8, '0'))
      .join('');
  }

  #walk(value: unknown): void {
    if (typeof value === 'string') return this.#text(value);
    if (typeof value === 'number') return this.#number(value);
    if (typeof value === 'boolean') return this.#number(value ? 1 : 0);
    if (value instanceof Uint8Array) return this.#number(fingerprintOf(value));
    if (value instanceof KedgeError) return this.#text(`${value.code} ${value.message}`);
    if (typeof value !== 'object' || value === null) return;
    if (Array.isArray(value)) return this.#list(value);
    const parts: readonly unknown[] = Object.values(value);
    for (const [at, key] of Object.keys(value).entries()) {
      if (SKIPPED.has(key)) continue;
      this.#byte(hashOf(key));
      this.#walk(parts[at]);
    }
  }

  #list(parts: readonly unknown[]): void {
    this.#byte(parts.length);
    for (const part of parts) this.#walk(part);
  }

  #text(text: string): void {
    this.#byte(hashOf(text));
  }

  #number(value: number): void {
    this.#byte(value | 0);
    this.#byte((value * 4096) | 0);
  }

  #byte(value: number): void {
    this.#low = Math.imul(this.#low ^ value, FNV_PRIME);
    this.#high = Math.imul(this.#high ^ this.#low, FNV_PRIME) + value;
  }
}

function fingerprintOf(bytes: Uint8Array): number {
  const before = fingerprints.get(bytes);
  if (before !== undefined) return before;
  let hash = 0x811c_9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, FNV_PRIME);
  fingerprints.set(bytes, hash);
  return hash;
}

/** A number for a text that is the same in every run. */
function hashOf(text: string): number {
  const before = texts.get(text);
  if (before !== undefined) return before;
  let hash = 0x811c_9dc5;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), FNV_PRIME);
  if (texts.size < TEXTS_MAX) texts.set(text, hash);
  return hash;
}
