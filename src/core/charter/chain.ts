/**
 * How one charter follows another, from the pinned first one.
 *
 * The first charter is trusted because its digest is configured; every later one because the
 * quorums of the charter before it and of itself signed it: the old one hands over, the new one
 * shows that it can sign. The order of the checks is the order in which bytes become trusted: the
 * statement's signatures first, then the body's digest, and only then is the body parsed.
 * Spec section 4.
 *
 * @module
 */
import { sha256 } from '../crypto.ts';
import { KedgeError } from '../errors.ts';
import { NO_PREVIOUS, type RealmName, type Sha256 } from '../ids.ts';
import type { Signature, SignedDocument } from '../statements/envelope.ts';
import { requireQuorum } from '../statements/quorum.ts';
import { SignatureChecks } from '../statements/signature-checks.ts';
import { parseStatement, requireValidity, type Statement } from '../statements/statement.ts';
import { type Charter, parseCharter } from './charter.ts';

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
  const checks = new SignatureChecks(doc.statement);
  return verified(doc, statement, charter, requireOwnQuorum(doc, statement, charter, checks));
}

/**
 * Verifies the charter that directly follows `current`. Expiry against the clock is not judged: an
 * expired charter in the middle of a chain is a valid step (conformance B08).
 *
 * Errors: as {@link verifyFirstCharter}, and `ROLLBACK` for an older or equal version. Rules CH-14
 * to CH-17.
 */
export function verifyNextCharter(current: CharterPoint, doc: SignedDocument): VerifiedCharter {
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
  const checks = new SignatureChecks(doc.statement);
  const old = requireQuorum(
    current.charter,
    current.charter.roles.charter,
    doc.statement,
    'role charter, to hand over',
    checks,
  );
  const charter = readBody(doc.body, statement);
  const own = requireOwnQuorum(doc, statement, charter, checks);
  return verified(doc, statement, charter, [...old.valid, ...own]);
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
  if (body.length !== statement.bodyBytes || sha256(body) !== statement.bodyDigest) {
    throw new KedgeError('DIGEST', 'the charter body is not the one that its statement names', {
      detail: { sequence: statement.sequence, size: body.length, expected: statement.bodyBytes },
    });
  }
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
  charter: Charter,
  valid: readonly Signature[],
): VerifiedCharter {
  const { payload } = doc.statement;
  const signatures = [...new Map(valid.map((one) => [one.keyId, one])).values()];
  return {
    version: charter.version,
    digest: statement.digest,
    charter,
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
