/**
 * Charters that decide about forks, and releases on top of what stands; signed when they are
 * needed, and once per process.
 *
 * @module
 */
import type { Resolution } from '../src/core/charter/charter.ts';
import {
  parseSequence,
  releaseStream,
  type Sha256,
  type StreamName,
  splitStream,
} from '../src/core/ids.ts';
import type { Head } from '../src/core/trusted/state.ts';
import type { TestRealm } from '../src/testing/realm.ts';
import { type Published, realmAt, signersUnder } from './pool.ts';

/** Which statement stands. */
export interface Decision {
  readonly stream: StreamName;
  readonly sequence: number;
  readonly digest: Sha256;
}

/** A charter that decides, and what led to it. */
export interface Decided {
  readonly base: number;
  /** What each charter after the base decided. */
  readonly charters: readonly (readonly Decision[])[];
  readonly published: Published;
  readonly realm: TestRealm;
}

const charters = new Map<string, Decided>();
const releases = new Map<string, Published>();

/** Signs the last of a row of charters after version `base`, each with what it decides. */
export function signDecision(base: number, made: Decided['charters']): Decided {
  const key = `${base} ${JSON.stringify(made)}`;
  const known = charters.get(key);
  if (known !== undefined) return known;
  const realm = realmAt(base);
  for (const decisions of made) {
    const resolutions = decisions.map(
      (one): Resolution => ({
        ...one,
        sequence: parseSequence(one.sequence),
      }),
    );
    realm.nextCharter((charter) => ({ ...charter, resolutions }), { signers: signersUnder(base) });
  }
  const published = { ...realm.charter, blobs: [], place: -1 };
  const decided = { base, charters: made, published, realm };
  charters.set(key, decided);
  return decided;
}

/** Signs the release after a head. */
export function signOnTop(
  { base, realm, published }: Decided,
  stream: StreamName,
  head: Head,
): Published {
  const key = `${published.digest} ${head.digest}`;
  const known = releases.get(key);
  if (known !== undefined) return known;
  const name = splitStream(stream);
  if (name.kind !== 'release' || head.kind !== 'release') {
    throw new Error(`${stream} has no releases`);
  }
  const { sequence, digest, issuedMs, expiresMs, body, bodyBytes, statement } = head;
  const after = {
    stream: releaseStream(name.bundle),
    sequence,
    digest,
    issuedMs,
    expiresMs,
    body,
    document: { statement, body: bodyBytes },
  };
  const release = realm.nextRelease(name.bundle, (content) => ({ ...content, note: 'decided' }), {
    after,
    signers: signersUnder(base),
  });
  const onTop = { ...release, blobs: [], place: -1 };
  releases.set(key, onTop);
  return onTop;
}
