/**
 * A thief of the charter quorum, and the recovery keys that take the realm back from him: in seeds
 * whose charters list such keys, when all else is over.
 *
 * He publishes two charters in a row at one node, with a release under the first about which the
 * second decides, and in some seeds another charter for the same version at another node, which
 * stops the realm. What recovery keys sign has to get to all, whoever saw what first, all that is
 * his has to go, and regions have to vouch for what is left.
 *
 * @module
 */
import type { CharterPoint } from '../../src/core/charter/chain.ts';
import type { Resolution } from '../../src/core/charter/charter.ts';
import { type CharterChange, rotateCharter } from '../../src/core/charter/draft.ts';
import { type SigningKey, sha256 } from '../../src/core/crypto.ts';
import { CHARTER_STREAM, parseSequence, type RealmName } from '../../src/core/ids.ts';
import { signStatement } from '../../src/core/statements/sign.ts';
import { encodeStatement, parseStatement } from '../../src/core/statements/statement.ts';
import type {
  AcceptedCharter,
  OpenStream,
  ReleaseHead,
  TrustedState,
} from '../../src/core/trusted/state.ts';
import type { SimNode } from '../nodes/node.ts';
import { Violation } from '../oracle/violation.ts';
import { draw } from '../world/prf.ts';
import type { Scene } from '../world/scene.ts';
import type { Admin } from './admin.ts';
import { keyOf } from './keys.ts';
import { type Published, RECOVERY_KEYS } from './pool.ts';

const RIVAL_SHARE = 0.6;
const AWAY_SHARE = 0.7;
const RETRY_MS = 250;
const OFFERS_MAX = 200;
/** The thief has up to so long for himself. */
const ALONE_MAX_MS = 4000;
const SECOND = 1000;
const OVER_WITHIN_MS = 60_000;
const STEP_MS = 50;

/** One robbery, and its end. */
export class Robbery {
  readonly #scene: Scene;
  readonly #admin: Admin;
  #open = 0;

  constructor(scene: Scene, admin: Admin) {
    this.#scene = scene;
    this.#admin = admin;
  }

  /** Robs the realm and takes it back, until all are equal under the charter of the recovery. */
  run<Time extends { readonly nowMs: number; runUntil(atMs: number): void }>(
    time: Time,
    areEqual: (time: Time) => boolean,
    rootsText: (time: Time) => string,
  ): void {
    const recovered = this.#begin();
    if (recovered === undefined) return;
    const byMs = time.nowMs + OVER_WITHIN_MS;
    while (this.#open > 0 || !this.#isOver(recovered) || !areEqual(time)) {
      if (time.nowMs > byMs) throw new Violation('recovered', time.nowMs, rootsText(time));
      time.runUntil(time.nowMs + STEP_MS);
    }
  }

  /** Returns the charter that has to hold in the end. Absent: there are no such keys. */
  #begin(): Published | undefined {
    const { seed } = this.#scene;
    const [first, ...others] = this.#scene.core();
    const state = first?.driver?.machine.durable;
    const current = state?.charters.at(-1);
    if (state === undefined || current?.charter.roles.recovery === undefined) return undefined;
    const isRivalled = draw(seed, 'admin', 1, 31) < RIVAL_SHARE;
    const atMs = current.issuedMs + SECOND;
    const stolen = signNext(current, { note: 'stolen' }, atMs);
    const robbed = isRivalled ? undefined : openRelease(state);
    const release = robbed && releaseUnder(state.realm, robbed, stolen.point);
    const resolutions = release && [decisionFor(release)];
    const change = { note: 'stolen too', ...(resolutions && { resolutions }) };
    const more = signNext(stolen.point, change, atMs);
    const loot = [stolen.published, ...(release ? [release] : []), more.published];
    this.#offerAll(first, loot);
    if (isRivalled) {
      const rival = signNext(current, { note: 'stolen elsewhere' }, atMs);
      this.#offerAll(others.at(-1), [rival.published]);
    }
    const recovered = signRecovery(current, atMs);
    this.#misses(others[0]);
    const aloneMs = ALONE_MAX_MS * draw(seed, 'admin', 1, 32);
    this.#open += 1;
    this.#scene.after(aloneMs, -1, () => {
      this.#open -= 1;
      const members = this.#scene.core().filter((one) => one.driver !== undefined);
      const at = Math.floor(members.length * draw(seed, 'admin', 1, 33));
      this.#offerAll(members[at], [recovered]);
    });
    this.#scene.coverage.hit('recovered');
    return recovered;
  }

  /** In some seeds a node that has what is stolen is away while the realm is taken back. */
  #misses(host: SimNode | undefined): void {
    const { seed } = this.#scene;
    if (host === undefined || draw(seed, 'admin', 1, 34) >= AWAY_SHARE) return;
    this.#open += 1;
    this.#scene.after(ALONE_MAX_MS * draw(seed, 'admin', 1, 35), -1, () => host.die());
    this.#scene.after(2 * ALONE_MAX_MS, -1, () => {
      this.#open -= 1;
      host.boot();
    });
  }

  /** Whether all hold this charter as their newest. */
  #isOver({ digest }: Published): boolean {
    return this.#scene
      .core()
      .every(({ driver }) => driver?.machine.durable.charters.at(-1)?.digest === digest);
  }

  /** One after the other, each until the node has it or refuses it for good. */
  #offerAll(host: SimNode | undefined, all: readonly Published[], attempt = 0): void {
    const [first, ...rest] = all;
    if (first === undefined) return;
    if (attempt === 0) {
      this.#open += 1;
      this.#scene.truth.add(first);
    }
    this.#admin.submit(host, first, (result) => {
      const isAnswered = result?.kind === 'durable' || result?.error.code === 'FORK';
      const isRefused = result?.kind === 'refused' && result.error.code === 'CONFLICT';
      if (!isAnswered && !isRefused && attempt < OFFERS_MAX) {
        this.#scene.after(RETRY_MS, -1, () => this.#offerAll(host, all, attempt + 1));
        return;
      }
      this.#open -= 1;
      this.#offerAll(host, rest);
    });
  }
}

interface Made {
  readonly point: CharterPoint;
  readonly published: Published;
}

/** The next charter, signed by all signers of the one before. */
function signNext(before: CharterPoint, change: CharterChange, issuedMs: number): Made {
  const keys = before.charter.roles.charter.signers.map(keyOf);
  return signed(before, change, keys, issuedMs);
}

/** The charter by which the realm is taken back: new recovery keys, the rest as it was. */
function signRecovery(current: AcceptedCharter, issuedMs: number): Published {
  const { roles } = current.charter;
  const recovery = RECOVERY_KEYS.slice(0, roles.recovery?.threshold).map(keyOf);
  const revealed = recovery
    .map(({ publicKey }) => publicKey)
    .toSorted((a, b) => (a.keyId < b.keyId ? -1 : 1));
  const { recovery: _, ...others } = roles;
  const keys = [...recovery, ...roles.charter.signers.map(keyOf)];
  return signed(current, { revealed, roles: others }, keys, issuedMs).published;
}

function signed(
  before: CharterPoint,
  change: CharterChange,
  keys: readonly SigningKey[],
  issuedMs: number,
): Made {
  const { charter, body, payload } = rotateCharter(before, change, issuedMs);
  const document = { statement: signStatement(payload, keys), body };
  const { sequence, digest, expiresMs } = parseStatement(payload);
  const place = { stream: CHARTER_STREAM, sequence, digest, issuedMs, expiresMs };
  return {
    point: { charter, digest, burnt: before.burnt },
    published: { ...place, document, blobs: [], place: -1 },
  };
}

/** A bundle with a release, and no fork. */
type OpenRelease = OpenStream & { readonly head: ReleaseHead };

function openRelease({ streams }: TrustedState): OpenRelease | undefined {
  return [...streams.values()].find(
    (one): one is OpenRelease => one.kind === 'open' && one.head.kind === 'release',
  );
}

/** That this one stands: with that its stream has another log. */
function decisionFor({ stream, sequence, digest }: Published): Resolution {
  return { stream, sequence: parseSequence(sequence), digest };
}

/** A release that names a charter of the thief. */
function releaseUnder(
  realm: RealmName,
  { stream, head }: OpenRelease,
  { charter }: CharterPoint,
): Published {
  const { sequence, digest: previous, bodyBytes, bodyDigest, issuedMs, expiresMs } = head;
  const place = { stream, sequence: parseSequence(sequence + 1) };
  const payload = encodeStatement({
    ...place,
    realm,
    previous,
    charterVersion: charter.version,
    issuedMs,
    expiresMs,
    bodyDigest,
    bodyBytes: bodyBytes.length,
  });
  const statement = signStatement(payload, charter.roles.release.signers.map(keyOf));
  const document = { statement, body: bodyBytes };
  const digest = sha256(payload);
  return { ...place, digest, issuedMs, expiresMs, document, blobs: [], place: -1 };
}
