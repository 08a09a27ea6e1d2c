/**
 * Signing a draft: show it, ask, note it in the ledger, sign, check, save.
 *
 * The order is the safety: nobody types a passphrase before having seen what it is for, and no
 * signature exists that the ledger does not know.
 *
 * @module
 */
import type { Charter } from '../../core/charter/charter.ts';
import { KedgeError } from '../../core/errors.ts';
import type { KeyId, SignerId } from '../../core/ids.ts';
import { addSignatures } from '../../core/statements/sign.ts';
import type { Statement } from '../../core/statements/statement.ts';
import type { Signer } from '../../ports/signer.ts';
import { Ledger, type SecondStatement } from '../../signers/ledger.ts';
import { openSigner } from '../../signers/open.ts';
import { signWithLedger } from '../../signers/sign.ts';
import { requireAbsent } from '../files.ts';
import { hinted } from '../help.ts';
import type { ShortcutOptions } from '../realm/options.ts';
import type { Session } from '../session.ts';
import { ledgerFileOf, signerHost } from '../signer/host.ts';
import { countOf } from '../terminal/styles.ts';
import { type Draft, saveDraft } from './file.ts';

/** What is to be signed, after its review. */
export interface Signable {
  readonly path: string;
  readonly draft: Draft;
  readonly statement: Statement;
  /** The charters whose signers may sign: the current one; for a new charter also itself. */
  readonly charters: readonly Charter[];
  /** Signers whose signature counts for this draft. */
  readonly eligible: ReadonlySet<SignerId>;
  /** Recovery keys whose signature counts; of a charter that reveals them. */
  readonly recoveryKeys?: ReadonlySet<KeyId>;
  /** What the signer reads before deciding. */
  readonly summary: string;
  /** Why it may not be signed as it is. */
  readonly problems: readonly KedgeError[];
  /** What another statement for its sequence in the ledger is; default a fork. */
  readonly second?: SecondStatement;
  /** What the first signature does to the file; default `changed`. */
  readonly saveAs?: 'new' | 'changed';
}

/** How to sign. */
export type SignOptions = Pick<ShortcutOptions, 'yes' | 'passphraseFile' | 'ledger'>;

/**
 * Signs with each key (what `signers/open.ts` takes) and saves after each, so that no signature is
 * lost. Before the first one the file is not touched: a wrong passphrase leaves nothing behind.
 */
export async function signDraft(
  session: Session,
  signable: Signable,
  keys: readonly string[],
  options: SignOptions,
): Promise<Draft> {
  requireSignable(signable);
  session.output.show(signable.summary);
  const { stream, sequence } = signable.statement;
  await session.confirm(
    `Sign sequence ${sequence} of ${stream} with ${countOf(keys.length, 'key')}?`,
    options,
  );
  let { draft, saveAs = 'changed' } = signable;
  for (const key of keys) {
    draft = await signWith(session, { ...signable, draft, saveAs }, key, options);
    await saveDraft(signable.path, draft, saveAs);
    saveAs = 'changed';
  }
  return draft;
}

/** A draft that nodes would refuse is not signed; missing charter signatures may still come. */
export function requireSignable({ problems }: Pick<Signable, 'problems'>): void {
  const problem = problems.find(({ code }) => code !== 'BLAST_RADIUS');
  if (problem === undefined) return;
  throw new KedgeError(
    problem.code,
    `not signed, because nodes would refuse it: ${problem.message}`,
    {
      detail: problem.detail,
      cause: problem,
    },
  );
}

async function signWith(
  session: Session,
  signable: Signable,
  key: string,
  options: SignOptions,
): Promise<Draft> {
  const { draft, statement } = signable;
  await using opened = await openSigner(key, signerHost(session, options));
  const owner = requireEligible(signable, opened.signer, key);
  const ledger = new Ledger(await ledgerFileOf(session, opened, options));
  await warnOfLedger(session, ledger, statement);
  // Somebody may have typed a passphrase meanwhile; a signature that cannot be saved is spent.
  if (signable.saveAs === 'new') await requireAbsent(signable.path);
  const taken =
    'nothing was signed; a key signs a sequence once, also when its proposal was withdrawn: let ' +
    'signers who have not signed it sign the new draft, or publish the signed one and change it ' +
    'with the next release';
  const signed = await hinted({ CONFLICT: taken }, () =>
    signWithLedger(opened.signer, ledger, draft.document.statement.payload, signable.second),
  );
  session.output.note(`Signed by ${owner}; noted in ${session.shown(ledger.path)}.`);
  const both = addSignatures(draft.document.statement, signed);
  return { ...draft, document: { statement: both, body: draft.document.body } };
}

/** Who it is, for people. */
function requireEligible(signable: Signable, signer: Signer, key: string): string {
  const { keyId } = signer.publicKey;
  if (signable.recoveryKeys?.has(keyId) === true) return `recovery key ${keyId.slice(0, 16)}`;
  const owners = signable.charters.flatMap((charter) =>
    charter.signers.filter(({ keys }) => keys.some((key) => key.keyId === keyId)),
  );
  const owner = owners.find(({ id }) => signable.eligible.has(id));
  if (owner !== undefined) return owner.id;
  const who = owners[0] === undefined ? 'nobody in the charter' : `signer ${owners[0].id}`;
  throw new KedgeError(
    'KEY',
    `the key in ${key} belongs to ${who}; its signature would not count here`,
    {
      detail: {
        keyId,
        hint: `these may sign: ${[...signable.eligible].join(', ')}; see kedge charter show`,
      },
    },
  );
}

/** What a signer would want to know and a rule cannot decide. */
async function warnOfLedger(session: Session, ledger: Ledger, statement: Statement): Promise<void> {
  const { realm, stream, sequence, previous } = statement;
  const newest = await ledger.newest(realm, stream);
  if (newest === undefined) return;
  if (newest.sequence > sequence) {
    session.output.warn(`this key has signed the later sequence ${newest.sequence} already`);
  } else if (newest.sequence === sequence - 1 && newest.digest !== previous) {
    session.output.warn(
      `this key signed another sequence ${newest.sequence} than the one that this draft follows; ` +
        'make sure that yours was never published',
    );
  }
}
