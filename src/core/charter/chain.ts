/**
 * How one charter follows another, from the pinned first one.
 *
 * The first charter is trusted because its digest is configured; every later one because the
 * quorums of the charter before it and of itself signed it: the old one hands over, the new one
 * shows that it can sign. The order of the checks is the order in which bytes become trusted: the
 * statement's signatures first, then the body's digest, and only then is the body parsed. Where the
 * old quorum is lost its recovery keys take its place (`recovery.ts`): they are in the body, so
 * that they alone are read of it before. Spec section 4.
 *
 * @module
 */
import { sha256 } from '../crypto.ts';
import { KedgeError } from '../errors.ts';
import { type KeyId, NO_PREVIOUS, type RealmName, type Sha256 } from '../ids.ts';
import type { Signature, SignedDocument } from '../statements/envelope.ts';
import { hasQuorum, requireQuorum } from '../statements/quorum.ts';
import { SignatureChecks } from '../statements/signature-checks.ts';
import { parseStatement, requireValidity, type Statement } from '../statements/statement.ts';
import { type Charter, parseCharter, peekRevealed } from './charter.ts';
import {
  burntBy,
  requireRecoveryKeys,
  requireRecoveryQuorum,
  requireSameRecovery,
  requireUnburnt,
} from './recovery.ts';

/** What a client or node is configured with. */
export interface CharterPin {
  readonly realm: RealmName;
  /** The digest of the first charter's statement. */
  readonly digest: Sha256;
}

/** An accepted charter, as far as the next one needs it. */
export interface CharterPoint {
  readonly charter: Charter;
  /** The digest of its statement. */
  readonly digest: Sha256;
  /** Keys that charters up to this one revealed. */
  readonly burnt: ReadonlySet<KeyId>;
}

/** A charter whose bytes and signatures were verified. */
export interface VerifiedCharter extends CharterPoint {
  readonly version: number;
  readonly statement: Statement;
  /** The same payload and body, with the valid signatures alone. */
  readonly document: SignedDocument;
}

/**
 * Verifies the first charter of a realm.
 *
 * Errors: `REALM` (not the pinned one), `TYPE`, `PARSE`, `GAP`, `PREVIOUS`, `DIGEST`, `THRESHOLD`,
 * `POLICY`, `KEY`, `ALGORITHM`, `LIMIT`. Rules CH-13 and CH-15 to CH-17. Expiry is not judged.
 */
export function verifyFirstCharter(doc: SignedDocument, pin: CharterPin): VerifiedCharter {
  const digest = sha256(doc.statement.payload);
  if (digest !== pin.digest) {
    throw new KedgeError(
      'REALM',
      `the first charter is ${digest}, but ${pin.digest} is pinned: ` +
        'check the configured digest and whether this is the right realm',
      { detail: { digest, pinned: pin.digest } },
    );
  }
  const statement = readCharterStatement(doc, pin.realm);
  if (statement.sequence !== 1) throw gap(1, statement.sequence);
  requirePrevious(statement, NO_PREVIOUS);
  const charter = readBody(doc.body, statement);
  const own = requireOwnQuorum(doc, statement, charter, new SignatureChecks(doc.statement));
  return verified(doc, statement, { charter, burnt: new Set() }, own);
}

/**
 * Verifies the charter that directly follows `current`. Expiry against the clock is not judged: an
 * expired charter in the middle of a chain is a valid step (conformance B08).
 *
 * Errors: as {@link verifyFirstCharter}, and `ROLLBACK` for an older or equal version. Rules CH-14
 * to CH-17 and CH-22 to CH-24.
 */
export function verifyNextCharter(current: CharterPoint, doc: SignedDocument): VerifiedCharter {
  const statement = requireNext(current, doc);
  const checks = new SignatureChecks(doc.statement);
  const old = requireHandover(current.charter, doc, statement, checks);
  const charter = readBody(doc.body, statement);
  const recovery = requireRecovery(current.charter, charter, doc, statement, checks);
  requireUnburnt(current.burnt, charter);
  const own = requireOwnQuorum(doc, statement, charter, checks);
  const burnt = burntBy(current.burnt, charter);
  return verified(doc, statement, { charter, burnt }, [...old, ...recovery, ...own]);
}

/** CH-14: the old quorum, or in its place recovery keys, of which nothing else is known yet. */
function requireHandover(
  before: Charter,
  doc: SignedDocument,
  statement: Statement,
  checks: SignatureChecks,
): readonly Signature[] {
  const { charter: role, recovery } = before.roles;
  if (recovery !== undefined && !hasQuorum(before, role, doc.statement, checks)) {
    requireNamedBody(doc.body, statement);
    const revealed = peekRevealed(doc.body);
    if (revealed.length > 0) return requireRecoveryQuorum(before, revealed, doc.statement, checks);
  }
  return requireQuorum(before, role, doc.statement, 'role charter, to hand over', checks).valid;
}

/** CH-22 and CH-23: what is revealed was signed with, and nothing else changes that role. */
function requireRecovery(
  before: Charter,
  next: Charter,
  doc: SignedDocument,
  statement: Statement,
  checks: SignatureChecks,
): readonly Signature[] {
  const { recovery } = before.roles;
  if (next.revealed === undefined) {
    requireSameRecovery(before, next);
    return [];
  }
  const valid = requireRecoveryQuorum(before, next.revealed, doc.statement, checks);
  if (recovery !== undefined) requireValidity(statement, recovery.expiryDays);
  return valid;
}

/**
 * Verifies all of the charter that directly follows `current` but its signatures, which are still
 * to come: what it says. Errors: as {@link verifyNextCharter}, without `THRESHOLD`.
 */
export function verifyProposedCharter(current: CharterPoint, doc: SignedDocument): Charter {
  const statement = requireNext(current, doc);
  const charter = readBody(doc.body, statement);
  if (charter.revealed === undefined) requireSameRecovery(current.charter, charter);
  else requireRecoveryKeys(current.charter, charter.revealed);
  requireUnburnt(current.burnt, charter);
  requireValidity(statement, charter.roles.charter.expiryDays);
  return charter;
}

/** CH-14: the very next version. */
function requireNext(current: CharterPoint, doc: SignedDocument): Statement {
  const statement = readCharterStatement(doc, current.charter.realm);
  const { version } = current.charter;
  if (statement.sequence <= version) {
    throw new KedgeError(
      'ROLLBACK',
      `charter version ${statement.sequence} does not come after version ${version}`,
      { detail: { sequence: statement.sequence, held: version } },
    );
  }
  if (statement.sequence !== version + 1) throw gap(version + 1, statement.sequence);
  requirePrevious(statement, current.digest);
  return statement;
}

function readCharterStatement(doc: SignedDocument, realm: RealmName): Statement {
  const statement = parseStatement(doc.statement.payload);
  if (statement.kind !== 'charter') {
    throw new KedgeError('TYPE', `a charter was expected, not ${statement.stream}`);
  }
  if (statement.realm !== realm) {
    throw new KedgeError('REALM', `the charter is of realm ${statement.realm}, not ${realm}`, {
      detail: { realm: statement.realm, expected: realm },
    });
  }
  return statement;
}

function requirePrevious(statement: Statement, digest: Sha256): void {
  if (statement.previous === digest) return;
  throw new KedgeError(
    'PREVIOUS',
    `charter version ${statement.sequence} follows ${statement.previous}, not ${digest}`,
    { detail: { sequence: statement.sequence, previous: statement.previous, expected: digest } },
  );
}

/** CH-15: length and digest before the body is parsed; CH-16: it says what its statement says. */
function readBody(body: Uint8Array, statement: Statement): Charter {
  requireNamedBody(body, statement);
  const charter = parseCharter(body);
  if (charter.realm !== statement.realm) {
    throw new KedgeError('REALM', `the charter body is of realm ${charter.realm}`);
  }
  if (charter.version !== statement.sequence) {
    throw new KedgeError(
      'TYPE',
      `the charter body is version ${charter.version}, its statement ${statement.sequence}`,
    );
  }
  return charter;
}

function requireNamedBody(body: Uint8Array, statement: Statement): void {
  if (body.length === statement.bodyBytes && sha256(body) === statement.bodyDigest) return;
  throw new KedgeError('DIGEST', 'the charter body is not the one that its statement names', {
    detail: { sequence: statement.sequence, size: body.length, expected: statement.bodyBytes },
  });
}

function requireOwnQuorum(
  doc: SignedDocument,
  statement: Statement,
  charter: Charter,
  checks: SignatureChecks,
): readonly Signature[] {
  const role = charter.roles.charter;
  requireValidity(statement, role.expiryDays);
  return requireQuorum(charter, role, doc.statement, 'role charter', checks).valid;
}

function verified(
  doc: SignedDocument,
  statement: Statement,
  { charter, burnt }: Pick<CharterPoint, 'charter' | 'burnt'>,
  valid: readonly Signature[],
): VerifiedCharter {
  const { payload } = doc.statement;
  const signatures = [...new Map(valid.map((one) => [one.keyId, one])).values()];
  return {
    version: charter.version,
    digest: statement.digest,
    charter,
    burnt,
    statement,
    document: { statement: { payload, signatures }, body: doc.body },
  };
}

function gap(expected: number, sequence: number): KedgeError {
  return new KedgeError(
    'GAP',
    `charter version ${expected} comes next, not ${sequence}: fetch the versions in between`,
    { detail: { stream: 'charter', expected, sequence } },
  );
}
