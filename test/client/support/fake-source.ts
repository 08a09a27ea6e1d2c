/**
 * A source without a network, for the tests of live trust: bundles that a test sets.
 */

import type { Bundle } from '../../../src/client/bundle.ts';
import { makeBundle } from '../../../src/client/bundle.ts';
import type { TrustPorts, TrustSource } from '../../../src/client/live/trust-view.ts';
import type { AnchorState, TombstoneReason } from '../../../src/core/anchors/anchor.ts';
import { sha256 } from '../../../src/core/crypto.ts';
import {
  NO_PREVIOUS,
  parseBundleName,
  parseRealmName,
  parseSequence,
} from '../../../src/core/ids.ts';
import { parsePem } from '../../../src/core/pem.ts';
import type { ReleaseHead } from '../../../src/core/trusted/state.ts';
import { SimulatedClock } from '../../../src/testing/simulated-clock.ts';
import { recordingLogger, recordingMetrics } from './source.ts';

export interface FakeAnchor {
  readonly caPem: string;
  readonly state?: AnchorState;
  readonly purposes?: readonly string[];
  readonly constraints?: ReleaseHead['body']['anchors'][number]['constraints'];
  readonly distrustAfterMs?: number;
}

const REALM = parseRealmName('test.example.org');
let sequence = 0;

export function fakeBundle(
  name: string,
  anchors: readonly FakeAnchor[],
  tombstones: ReleaseHead['body']['tombstones'] = [],
): Bundle {
  sequence += 1;
  const blobs = new Map(
    anchors.map(({ caPem }) => {
      const der = parsePem(caPem)[0]?.der ?? new Uint8Array(0);
      return [sha256(der), der];
    }),
  );
  const ids = [...blobs.keys()];
  const entries = anchors.map((anchor, index) => ({
    id: ids[index],
    kind: 'x509-ca',
    label: `anchor ${index}`,
    state: anchor.state ?? 'active',
    purposes: anchor.purposes ?? ['tls-client', 'tls-server'],
    constraints: anchor.constraints ?? [],
    ...(anchor.distrustAfterMs !== undefined && { distrustAfterMs: anchor.distrustAfterMs }),
    sinceMs: 0,
  }));
  const head = {
    sequence,
    digest: NO_PREVIOUS,
    issuedMs: 0,
    expiresMs: 1,
    body: { bundle: parseBundleName(name), anchors: entries, tombstones, note: '' },
  } as unknown as ReleaseHead;
  return makeBundle(REALM, head, blobs);
}

export class FakeSource implements TrustSource {
  readonly #bundles = new Map<string, Bundle>();
  readonly #listeners = new Set<(bundle: Bundle) => void>();
  readonly #awaiting = new Set<(bundle: Bundle) => Promise<void>>();
  /** The handshakes that were counted: `<purpose> <anchor> …`. */
  readonly handshakes: string[] = [];
  readonly #tombstones: ReleaseHead['body']['tombstones'][number][] = [];
  /** Stands still until a test moves it, but shows the machine's time at first. */
  readonly clock: SimulatedClock = new SimulatedClock(Date.now());
  readonly metrics: ReturnType<typeof recordingMetrics> = recordingMetrics();
  readonly logger: ReturnType<typeof recordingLogger> = recordingLogger();
  readonly ports: TrustPorts = {
    clock: this.clock,
    metrics: this.metrics,
    logger: this.logger,
  };

  bundle(name: string): Bundle | undefined {
    return this.#bundles.get(name);
  }

  onSwap(onSwap: (bundle: Bundle) => void): Disposable {
    this.#listeners.add(onSwap);
    return { [Symbol.dispose]: () => void this.#listeners.delete(onSwap) };
  }

  onComing(onComing: (bundle: Bundle) => Promise<void>): Disposable {
    this.#awaiting.add(onComing);
    return { [Symbol.dispose]: () => void this.#awaiting.delete(onComing) };
  }

  noteHandshake(_: string, purpose: string, anchors: readonly string[]): void {
    this.handshakes.push([purpose, ...anchors].join(' '));
  }

  /** Brings a bundle with these CAs into use. */
  set(name: string, ...anchors: readonly (string | FakeAnchor)[]): void {
    this.#use(this.#make(name, anchors));
  }

  /** Tells that a bundle with these CAs comes; when all are ready, what brings it into use. */
  async announce(name: string, ...anchors: readonly (string | FakeAnchor)[]): Promise<() => void> {
    const bundle = this.#make(name, anchors);
    await Promise.all([...this.#awaiting].map(async (listener) => await listener(bundle)));
    return () => this.#use(bundle);
  }

  /** From the next bundle on, the CA has left for this reason. */
  bury(caPem: string, reason: TombstoneReason): void {
    const id = sha256(parsePem(caPem)[0]?.der ?? new Uint8Array(0));
    this.#tombstones.push({ id, reason, sequence: parseSequence(1) });
  }

  get listenerCount(): number {
    return this.#listeners.size + this.#awaiting.size;
  }

  #make(name: string, anchors: readonly (string | FakeAnchor)[]): Bundle {
    const all = anchors.map((anchor) => (typeof anchor === 'string' ? { caPem: anchor } : anchor));
    return fakeBundle(name, all, [...this.#tombstones]);
  }

  #use(bundle: Bundle): void {
    this.#bundles.set(bundle.name, bundle);
    for (const listener of this.#listeners) listener(bundle);
  }
}
