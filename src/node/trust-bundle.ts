/**
 * The authorities that a release of the realm's own bundle names for TLS between its members.
 *
 * A caller (peer, client or admin) is vouched for by the anchors for `tls-client`, a peer that is
 * dialled by those for `tls-server`. Peers do both, so the CA of a node needs both purposes. Staged
 * anchors are not used, retiring ones are; an anchor with a critical constraint that we do not
 * enforce, or that OpenSSL cannot use, is withheld.
 *
 * @module
 */
import { X509Certificate } from 'node:crypto';
import type { Anchor } from '../core/anchors/anchor.ts';
import type { AnchorId } from '../core/ids.ts';
import { checkBlobs, trustedAnchors } from '../core/releases/usable.ts';
import type { ReleaseHead } from '../core/trusted/state.ts';
import { Authorities, type Authority } from '../grpc/tls/authorities.ts';
import type { Store } from '../ports/store.ts';

/** Who vouches for whom. */
export interface PeerTrust {
  /** The release that says so; 0 for the bootstrap file. */
  readonly sequence: number;
  readonly callers: Authorities;
  readonly peers: Authorities;
}

/** Reads the trust that a head gives. Errors: `STORE`, `DIGEST`. */
export async function loadBundleTrust(
  { sequence, body }: ReleaseHead,
  store: Store,
): Promise<PeerTrust> {
  const blobs = await store.blobs(body.anchors.map(({ id }) => id));
  checkBlobs(body, blobs);
  const authorities = (purpose: string): Authorities =>
    new Authorities(
      trustedAnchors(body, purpose).anchors.flatMap((anchor) => authorityOf(anchor, blobs)),
    );
  return { sequence, callers: authorities('tls-client'), peers: authorities('tls-server') };
}

function authorityOf(
  { id, state, distrustAfterMs }: Anchor,
  blobs: ReadonlyMap<AnchorId, Uint8Array>,
): readonly Authority[] {
  const certificate = readCa(blobs.get(id));
  if (certificate === undefined || state === 'staged') return [];
  return [{ certificate, state, ...(distrustAfterMs !== undefined && { distrustAfterMs }) }];
}

/** OpenSSL would take one bad certificate as a reason to refuse the whole list, so look first. */
function readCa(der: Uint8Array | undefined): X509Certificate | undefined {
  if (der === undefined) return undefined;
  try {
    const certificate = new X509Certificate(der);
    return certificate.ca && certificate.raw.equals(der) ? certificate : undefined;
  } catch {
    // The bytes of an anchor are whatever was signed.
    return undefined;
  }
}
