/**
 * What one client was told of what regions attest, and what comes next.
 *
 * Of a head only the lines that are new travel, of a region only its newest heartbeat, so that a
 * slow client costs nothing and n regions cost n lines.
 *
 * @module
 */
import {
  type BundleName,
  CHARTER_STREAM,
  type RegionName,
  releaseStream,
  rolloutStream,
  type Sha256,
  type StreamName,
} from '../../core/ids.ts';
import type { AttestedRows, CosignedLeaf } from '../../core/log/attested.ts';
import type { Heartbeat } from '../../core/log/heartbeat.ts';
import type { NoteSignature } from '../../core/log/note.ts';
import type { RegionSplit } from '../../core/log/split.ts';
import type { AttestedSource } from './attested-source.ts';
import { oncePer, Prepared } from './prepared.ts';
import type { Next } from './watched-bundle.ts';

// Readers that are told the same get the very same message, which is encoded once.
const cosignedOf = oncePer((leaf: CosignedLeaf) => [{ kind: 'cosigned', leaf } as const]);
const heartbeatOf = oncePer((said: AttestedRows) => [{ kind: 'heartbeat', said } as const]);
const splitOf = oncePer((split: RegionSplit) => [{ kind: 'region-split', split } as const]);

/** A bundle of which the client has the head, or by a rollout the release before it: `at`. */
export interface WatchedPlace {
  readonly bundle: BundleName;
  readonly at?: number;
}

/** The feed of one client. */
export class AttestedFeed {
  readonly #source: AttestedSource;
  readonly #rollouts: 'also' | 'left-out';
  readonly #heartbeats: Map<RegionName, Heartbeat> = new Map();
  readonly #splits: Set<string> = new Set();
  readonly #lines: Map<string, { root: Sha256; readonly told: Set<NoteSignature> }> = new Map();

  /** `rollouts`: whether the client takes rows of rollouts. */
  constructor(source: AttestedSource, rollouts: 'also' | 'left-out') {
    this.#source = source;
    this.#rollouts = rollouts;
  }

  /** What the client has to hear next; `watched` are the bundles of which it has what it is due. */
  next(all: readonly BundleName[], watched: readonly WatchedPlace[]): Next {
    for (const split of this.#source.splits) {
      if (this.#splits.has(split.keyId)) continue;
      this.#splits.add(split.keyId);
      return splitOf(split);
    }
    for (const { bundle, at } of watched) {
      const messages = this.#cosigned(releaseStream(bundle), at);
      if (messages !== undefined) return messages;
    }
    for (const heartbeat of this.#source.heartbeats()) {
      const { region } = heartbeat;
      if (this.#heartbeats.get(region) === heartbeat) continue;
      this.#heartbeats.set(region, heartbeat);
      const rollouts = this.#rollouts === 'also' ? all.map(rolloutStream) : [];
      const streams = [CHARTER_STREAM, ...all.map(releaseStream), ...rollouts];
      const said = this.#source.rows(region, streams);
      if (said !== undefined) return heartbeatOf(said);
    }
    return undefined;
  }

  /** What is new of the log of charters: said before what may need it. */
  charter(): Next {
    return this.#cosigned(CHARTER_STREAM);
  }

  #cosigned(stream: StreamName, at?: number): Next {
    const key = at === undefined ? stream : `${stream} ${String(at)}`;
    const known = this.#lines.get(key);
    const leaf = this.#source.shown(stream, (line) => known?.told.has(line) ?? false, at);
    if (leaf === undefined || leaf instanceof Prepared) return leaf;
    const { root } = leaf.checkpoint;
    const told = known?.root === root ? known.told : new Set<NoteSignature>();
    for (const line of leaf.lines) told.add(line);
    this.#lines.set(key, { root, told });
    return cosignedOf(leaf);
  }
}
