/**
 * One look at a rotation: the verified head, what clients told, and where on the path that is.
 *
 * @module
 */
import type { BundleAdoption } from '../../core/adoption/model.ts';
import type { Anchor } from '../../core/anchors/anchor.ts';
import { KedgeError } from '../../core/errors.ts';
import type { AnchorId, BundleName, Sequence } from '../../core/ids.ts';
import type { ReleaseBody } from '../../core/releases/body.ts';
import { type RotationPath, rotationPath } from '../../core/rotation/path.ts';
import type { RotationGate, RotationQuestion } from '../../core/rotation/steps.ts';
import type { ReleaseHead } from '../../core/trusted/state.ts';
import type { NodeAdmin } from '../node/admin.ts';
import type { RealmOptions } from '../realm/options.ts';
import { openRealm, type Realm, type RealmRelease } from '../realm/realm.ts';
import { requireCharter } from '../realm/trust.ts';
import { factsOf, suggestLabel } from '../release/certificates.ts';
import { requireHead } from '../release/history.ts';
import type { Session } from '../session.ts';
import type { Intent } from './intent.ts';

/** A bundle with what is known of its clients. */
export interface Known {
  readonly bundle: BundleName;
  readonly realm: Realm;
  readonly release: RealmRelease;
  readonly head: ReleaseHead;
  readonly adoption: BundleAdoption;
}

/** One of the two anchors, as people see it. */
export interface Named {
  readonly id: AnchorId;
  readonly label: string;
  /** `gone`: it has a tombstone; `new`: it is not in the bundle yet. */
  readonly state: Anchor['state'] | 'gone' | 'new';
  /** By which release it left. */
  readonly leftBy?: Sequence;
}

/** A rotation and where it is. */
export interface Rotation {
  readonly bundle: BundleName;
  readonly from: Named;
  readonly to: Named;
  readonly path: RotationPath;
}

/** Under which terms a rotation goes on. */
export interface RotationTerms {
  readonly quietMs: number;
  readonly overrides: ReadonlySet<RotationGate>;
}

/** Asks a node for a bundle and its clients, and hands both to `use`. Errors: `CONFIG`. */
export async function withKnown<Result>(
  session: Session,
  bundle: BundleName,
  options: RealmOptions,
  use: (known: Known) => Promise<Result>,
): Promise<Result> {
  await using realm = await openRealm(session, options);
  const node = requireNode(realm);
  const { head, ...release } = await requireHead(realm, bundle);
  return await use({ bundle, realm, release, head, adoption: await node.adoption(bundle) });
}

/** Says where the rotation of a pair is. Errors: `LIFECYCLE`. */
export function lookAt(
  session: Session,
  known: Known,
  pair: Intent,
  terms: RotationTerms,
): Rotation {
  const { head, adoption, release } = known;
  const question: RotationQuestion = {
    from: pair.from,
    to: pair.to,
    release: head,
    lifecycle: requireCharter(release.state).charter.lifecycle,
    adoption,
    nowMs: session.context.nowMs(),
    ...terms,
  };
  return {
    bundle: known.bundle,
    from: nameOf(known, pair.from, undefined),
    to: nameOf(known, pair.to, pair.certificate),
    path: rotationPath(question),
  };
}

function nameOf({ head }: Known, id: AnchorId, certificate: Uint8Array | undefined): Named {
  const entry = head.body.anchors.find((anchor) => anchor.id === id);
  if (entry !== undefined) return { id, label: entry.label, state: entry.state };
  const facts = factsOf(certificate);
  const label = facts === undefined ? id.slice(0, 16) : suggestLabel(facts);
  const leftBy = leftIn(head.body, id);
  return leftBy === undefined ? { id, label, state: 'new' } : { id, label, state: 'gone', leftBy };
}

/** By which release an anchor left; absent: it did not. */
export function leftIn({ tombstones }: ReleaseBody, id: AnchorId): Sequence | undefined {
  return tombstones.find((tombstone) => tombstone.id === id)?.sequence;
}

function requireNode({ node }: Realm): NodeAdmin {
  if (node !== undefined) return node;
  throw new KedgeError('CONFIG', 'a rotation goes by what clients told a node', {
    detail: { hint: 'give --node, or set `node:` in kedge.yaml' },
  });
}
