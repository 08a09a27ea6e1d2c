/**
 * The charters that clients lack.
 *
 * @module
 */
import type { Sha256 } from '../../core/ids.ts';
import { CHARTER_STEP_MAX, MESSAGE_MAX_BYTES } from '../../core/limits.ts';
import { recoveriesOf } from '../../core/trusted/lineage.ts';
import type { TrustedState } from '../../core/trusted/state.ts';
import type { WatchResponse } from '../../core/watch/messages.ts';
import { chunk } from '../chunks.ts';
import { oncePer } from './prepared.ts';

/** What a client has of the charters: what it said, or what it was sent. */
export type ClientCharters =
  | { readonly kind: 'said'; readonly version: number; readonly digest: Sha256 | undefined }
  | { readonly kind: 'sent'; readonly charters: TrustedState['charters'] };

/** Said of all clients that were sent these. */
export const sentCharters: (charters: TrustedState['charters']) => ClientCharters = oncePer(
  (charters) => ({ kind: 'sent', charters }),
);

/** The charters that clients lack, in messages of bounded size; shared by all subscribers. */
export class CharterSource {
  readonly #steps: WeakMap<TrustedState['charters'], Map<number, readonly WatchResponse[]>> =
    new WeakMap();

  /** What brings a client to these charters; none when it has them, or more. */
  missing(charters: TrustedState['charters'], client: ClientCharters): readonly WatchResponse[] {
    const common = commonWith(charters, client);
    return common === undefined ? [] : this.#after(charters, common);
  }

  #after(charters: TrustedState['charters'], version: number): readonly WatchResponse[] {
    const byVersion = this.#steps.get(charters) ?? new Map<number, readonly WatchResponse[]>();
    this.#steps.set(charters, byVersion);
    const known = byVersion.get(version);
    if (known !== undefined) return known;
    const documents = charters.slice(version).map((charter) => charter.document);
    const steps = chunk(documents, {
      maxCount: CHARTER_STEP_MAX,
      maxBytes: MESSAGE_MAX_BYTES / 2,
      bytesOf: ({ body, statement }) => body.length + statement.payload.length,
    }).map((step) => ({ kind: 'charters', charters: step }) as const);
    byVersion.set(version, steps);
    return steps;
  }
}

/**
 * Up to which version a client has these charters, or may have; absent when it has all that it can
 * learn from them. Of a client that only said what it has, nothing is known but the newest one.
 */
function commonWith(
  charters: TrustedState['charters'],
  client: ClientCharters,
): number | undefined {
  if (client.kind === 'sent') {
    const apart = charters.findIndex(({ digest }, at) => digest !== client.charters[at]?.digest);
    return apart < 0 ? undefined : apart;
  }
  const { version, digest } = client;
  const own = charters[version - 1]?.digest;
  if (version === 0 || digest === undefined || own === digest) {
    return version < charters.length ? version : undefined;
  }
  // It is ahead, or recovery keys have taken the place of what it has.
  if (own === undefined && recoveriesOf(charters) === 0) return undefined;
  return Math.min(1, charters.length);
}
