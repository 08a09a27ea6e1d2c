/**
 * What was really signed: the oracle's own knowledge, independent of the verifier under test.
 *
 * @module
 */
import { encodeBase64 } from '../../src/core/bytes.ts';
import { sha256 } from '../../src/core/crypto.ts';
import type { Frame } from '../../src/core/gossip/frames.ts';
import { CHARTER_STREAM, type Sha256, type StreamName } from '../../src/core/ids.ts';
import type { SignedStatement } from '../../src/core/statements/envelope.ts';
import { parseStatement } from '../../src/core/statements/statement.ts';
import type { Pool, Published } from '../people/pool.ts';

/** Signatures of the charter role that a charter needs here. */
const CHARTER_QUORUM = 2;

/** A statement that signers made. */
export interface Known {
  readonly published: Published;
  readonly stream: StreamName;
  readonly sequence: number;
  readonly digest: Sha256;
  readonly previous: Sha256;
  readonly bodyDigest: Sha256;
  readonly signatures: ReadonlySet<string>;
}

/** All statements that signers made: those of a pool, and in a seed its own. */
export class Truth {
  readonly #shared: Truth | undefined;
  readonly #byDigest = new Map<Sha256, Known>();
  readonly #judged = new WeakMap<SignedStatement, Known | 'unknown'>();
  readonly #bodies: WeakMap<Uint8Array, Sha256>;

  /**
   * Of a pool, or of a seed that starts with this truth: what one seed signs is none of another,
   * where other signers may have made the same statement.
   */
  constructor(from: Pool | Truth) {
    const shared = from instanceof Truth ? from : undefined;
    this.#shared = shared;
    this.#bodies = shared === undefined ? new WeakMap() : shared.#bodies;
    if (from instanceof Truth) return;
    for (const published of [...from.documents, ...from.alternates.values()]) this.add(published);
  }

  /** Signers made this too. */
  add(published: Published): void {
    const { payload, signatures } = published.document.statement;
    const { stream, sequence, digest, previous, bodyDigest } = parseStatement(payload);
    if (this.byDigest(digest) !== undefined) return;
    const made = { published, stream, sequence, digest, previous, bodyDigest };
    this.#byDigest.set(digest, { ...made, signatures: new Set(signatures.map(textOf)) });
  }

  /** What signers made under this digest. */
  byDigest(digest: Sha256): Known | undefined {
    return this.#byDigest.get(digest) ?? this.#shared?.byDigest(digest);
  }

  /** The highest place below a statement at which `held` is what it builds on; 0: none. */
  commonBelow(
    { sequence, digest }: Pick<Known, 'sequence' | 'digest'>,
    held: (sequence: number) => Sha256 | undefined,
  ): number {
    let place = sequence - 1;
    let known = this.byDigest(digest);
    while (place > 0 && known !== undefined && held(place) !== known.previous) {
      known = this.byDigest(known.previous);
      place -= 1;
    }
    return place;
  }

  /** What a statement is, when it carries all signatures that its signers made. */
  recognise(signed: SignedStatement): Known | undefined {
    const before = this.#judged.get(signed);
    if (before !== undefined) return before === 'unknown' ? undefined : before;
    const shared = this.#shared?.recognise(signed);
    if (shared !== undefined) return shared;
    const known = this.byDigest(sha256(signed.payload));
    const present = new Set(signed.signatures.map(textOf));
    const isWhole = known !== undefined && [...known.signatures].every((one) => present.has(one));
    this.#judged.set(signed, known !== undefined && isWhole ? known : 'unknown');
    return isWhole ? known : undefined;
  }

  /**
   * What a statement is, where a charter may carry a quorum of its signatures alone: whoever passes
   * it on can leave out those beyond it, of recovery keys or of more signers, and these do not
   * count then.
   */
  recogniseQuorum(signed: SignedStatement): Known | undefined {
    const whole = this.recognise(signed);
    if (whole !== undefined) return whole;
    const known = this.byDigest(sha256(signed.payload));
    const isQuorum = signed.signatures.length >= CHARTER_QUORUM;
    return known?.stream === CHARTER_STREAM && isQuorum && isPartOf(known, signed)
      ? known
      : undefined;
  }

  /**
   * Says whether an honest node may send a statement: with the signatures that its signers made, in
   * proposals with some of them, and with no others.
   */
  isSendable(signed: SignedStatement, kind: Frame['kind']): boolean {
    if (!kind.startsWith('proposal')) return this.recogniseQuorum(signed) !== undefined;
    const known = this.byDigest(sha256(signed.payload));
    return signed.signatures.length > 0 && known !== undefined && isPartOf(known, signed);
  }

  /** Says whether a body is the one that was signed. */
  isBody(known: Known, body: Uint8Array): boolean {
    const before = this.#bodies.get(body);
    const digest = before ?? sha256(body);
    if (before === undefined) this.#bodies.set(body, digest);
    return digest === known.bodyDigest;
  }
}

/** Says whether all signatures are of those that signers made. */
function isPartOf({ signatures }: Known, signed: SignedStatement): boolean {
  return signed.signatures.every((one) => signatures.has(textOf(one)));
}

function textOf({ signature }: { readonly signature: Uint8Array }): string {
  return encodeBase64(signature);
}
