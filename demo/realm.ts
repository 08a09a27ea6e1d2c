/**
 * The realm of the demonstration: three signers of whom two must sign, and releases signed by two.
 *
 * The keys live in memory for the time of the demonstration. Signing uses the same functions as
 * `kedge release sign`.
 *
 * @module
 */
import { encodeCharter } from '../src/core/charter/charter.ts';
import { generateSigningKey, type SigningKey, sha256 } from '../src/core/crypto.ts';
import {
  type BundleName,
  CHARTER_STREAM,
  NO_PREVIOUS,
  parseRealmName,
  parseSequence,
  parseSignerId,
  type RealmName,
  releaseStream,
  type Sequence,
  type Sha256,
  type SignerId,
} from '../src/core/ids.ts';
import { encodeReleaseBody, type ReleaseBody } from '../src/core/releases/body.ts';
import { type EditPoint, emptyBody, nextBody } from '../src/core/releases/edit.ts';
import type { SignedDocument } from '../src/core/statements/envelope.ts';
import { signStatement } from '../src/core/statements/sign.ts';
import { encodeStatement, parseStatement } from '../src/core/statements/statement.ts';

const DAY_MS = 86_400_000;

/** A realm that can sign. */
export interface DemoRealm {
  readonly name: RealmName;
  readonly firstCharter: SignedDocument;
  readonly firstCharterDigest: Sha256;
  readonly signers: readonly DemoSigner[];
}

/** One signer with its key. */
export interface DemoSigner {
  readonly id: SignerId;
  readonly key: SigningKey;
}

/** How many of the signers must sign. */
const THRESHOLD = 2;

/** How a demonstration or a measurement sets its realm up. */
export interface RealmSettings {
  readonly name: string;
  /** How long an anchor stays staged, seconds. */
  readonly holdDownSeconds: number;
}

/** Founds a realm: 2 of 3 signers for charter and releases. */
export function foundRealm(settings: RealmSettings): DemoRealm {
  const name = parseRealmName(settings.name);
  const signers = ['ada', 'grace', 'katherine'].map((id) => ({
    id: parseSignerId(id),
    key: generateSigningKey('ed25519'),
  }));
  const role = { signers: signers.map(({ id }) => id), threshold: THRESHOLD, expiryDays: 365 };
  const body = encodeCharter({
    version: 1,
    realm: name,
    signers: signers.map(({ id, key }) => ({ id, owner: `${id} (demo)`, keys: [key.publicKey] })),
    roles: { charter: role, release: role },
    delegations: [],
    regions: [],
    lifecycle: {
      holdDownSeconds: settings.holdDownSeconds,
      overlapSeconds: 0,
      blastRadiusPercent: 20,
    },
    clients: { freshnessSeconds: 600 },
    note: 'demonstration',
  });
  const issuedMs = nowSecondsMs();
  const payload = encodeStatement({
    realm: name,
    stream: CHARTER_STREAM,
    sequence: parseSequence(1),
    previous: NO_PREVIOUS,
    charterVersion: 1,
    issuedMs,
    expiresMs: issuedMs + 300 * DAY_MS,
    bodyDigest: sha256(body),
    bodyBytes: body.length,
  });
  const statement = signStatement(payload, quorumOf(signers));
  return {
    name,
    firstCharter: { statement, body },
    firstCharterDigest: parseStatement(payload).digest,
    signers,
  };
}

/** Writes the releases of one bundle, one after the other. */
export class ReleaseWriter {
  readonly bundle: BundleName;
  readonly #realm: DemoRealm;
  #body: ReleaseBody;
  #sequence = 0;
  #previous: Sha256 = NO_PREVIOUS;

  constructor(realm: DemoRealm, bundle: BundleName) {
    this.#realm = realm;
    this.bundle = bundle;
    this.#body = emptyBody(bundle);
  }

  /** The last release that was written. */
  get sequence(): number {
    return this.#sequence;
  }

  /** The content of that release. */
  get body(): ReleaseBody {
    return this.#body;
  }

  /** Signs the next release, with two of the three signers. */
  write(
    edit: (body: ReleaseBody, point: EditPoint) => ReleaseBody,
  ): SignedDocument & { readonly sequence: Sequence; readonly digest: Sha256 } {
    const sequence = parseSequence(this.#sequence + 1);
    const issuedMs = nowSecondsMs();
    const next = edit(nextBody(this.#body), { sequence, issuedMs });
    const body = encodeReleaseBody(next);
    const payload = encodeStatement({
      realm: this.#realm.name,
      stream: releaseStream(this.bundle),
      sequence,
      previous: this.#previous,
      charterVersion: 1,
      issuedMs,
      expiresMs: issuedMs + 90 * DAY_MS,
      bodyDigest: sha256(body),
      bodyBytes: body.length,
    });
    const statement = signStatement(payload, quorumOf(this.#realm.signers));
    const { digest } = parseStatement(payload);
    this.#body = next;
    this.#sequence = sequence;
    this.#previous = digest;
    return { statement, body, sequence, digest };
  }
}

function quorumOf(signers: readonly DemoSigner[]): readonly SigningKey[] {
  return signers.slice(0, THRESHOLD).map(({ key }) => key);
}

function nowSecondsMs(): number {
  return Math.floor(Date.now() / 1000) * 1000;
}
