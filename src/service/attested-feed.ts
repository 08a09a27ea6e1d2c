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
  type Sha256,
  type StreamName,
} from '../core/ids.ts';
import type { Heartbeat } from '../core/log/heartbeat.ts';
import type { NoteSignature } from '../core/log/note.ts';
import type { WatchResponse } from '../core/watch/messages.ts';
import type { AttestedSource } from './attested-source.ts';

/** The feed of one client. */
export class AttestedFeed {
  readonly #source: AttestedSource;
  readonly #heartbeats: Map<RegionName, Heartbeat> = new Map();
  readonly #splits: Set<string> = new Set();
  readonly #lines: Map<StreamName, { root: Sha256; readonly told: Set<NoteSignature> }> = new Map();

  constructor(source: AttestedSource) {
    this.#source = source;
  }

  /** What the client has to hear next; `watched` are the bundles that it has up to the head. */
  async next(
    all: readonly BundleName[],
    watched: readonly BundleName[],
  ): Promise<readonly WatchResponse[] | undefined> {
    for (const split of this.#source.splits) {
      if (this.#splits.has(split.keyId)) continue;
      this.#splits.add(split.keyId);
      return [{ kind: 'region-split', split }];
    }
    for (const bundle of watched) {
      const messages = await this.#cosigned(releaseStream(bundle));
      if (messages !== undefined) return messages;
    }
    for (const heartbeat of this.#source.heartbeats()) {
      const { region } = heartbeat;
      if (this.#heartbeats.get(region) === heartbeat) continue;
      this.#heartbeats.set(region, heartbeat);
      const said = this.#source.rows(region, [CHARTER_STREAM, ...all.map(releaseStream)]);
      if (said !== undefined) return [{ kind: 'heartbeat', said }];
    }
    return undefined;
  }

  /** What is new of the log of charters: said before what may need it. */
  async charter(): Promise<readonly WatchResponse[] | undefined> {
    return await this.#cosigned(CHARTER_STREAM);
  }

  async #cosigned(stream: StreamName): Promise<readonly WatchResponse[] | undefined> {
    const known = this.#lines.get(stream);
    const leaf = await this.#source.cosigned(stream, (line) => known?.told.has(line) ?? false);
    if (leaf === undefined) return undefined;
    const { root } = leaf.checkpoint;
    const told = known?.root === root ? known.told : new Set<NoteSignature>();
    for (const line of leaf.lines) told.add(line);
    this.#lines.set(stream, { root, told });
    return [{ kind: 'cosigned', leaf }];
  }
}
