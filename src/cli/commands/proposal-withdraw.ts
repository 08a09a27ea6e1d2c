/**
 * `kedge proposal withdraw`: takes a proposal back.
 *
 * @module
 */
import { verifySignature } from '../../core/crypto.ts';
import { KedgeError } from '../../core/errors.ts';
import { withdrawalMessage } from '../../core/proposals/withdrawal.ts';
import { openSigner } from '../../signers/open.ts';
import { reviewDraft } from '../draft/review.ts';
import { addExamples } from '../help.ts';
import { type ApproveOptions, addApproveOptions } from '../proposal/options.ts';
import { fetchProposal, openNodeRealm, statusJson } from '../proposal/proposals.ts';
import { addRealmOptions } from '../realm/options.ts';
import type { Session } from '../session.ts';
import { signerHost } from '../signer/host.ts';
import type { CommandModule } from '../table/module.ts';

/** The command. */
export const proposalWithdraw: CommandModule = {
  configure(command, session) {
    command
      .description(
        'Take a proposal back: no node gathers signatures for it any more. Whoever signed it ' +
          'can, and any signer of the charter role. Signatures are not undone: who has enough of ' +
          'them can still submit the draft, and the ledgers of those who signed refuse another ' +
          'statement for that sequence.',
      )
      .argument('<which>', 'bundle, charter, or the first digits of the digest');
    addApproveOptions(addRealmOptions(command));
    command.action((which: string, options: ApproveOptions) => run(session, which, options));
    addExamples(command, [
      'kedge proposal withdraw payments.prod.example.org --key signers/ana.age',
      'kedge proposal withdraw 4f0c11ab20de --key signers/ana.age --yes',
    ]);
  },
};

async function run(session: Session, which: string, options: ApproveOptions): Promise<void> {
  const [key, ...more] = options.key ?? [];
  if (key === undefined || more.length > 0) {
    throw new KedgeError('CONFIG', 'one key withdraws a proposal', {
      detail: { hint: 'give --key <keyfile> once' },
    });
  }
  await using realm = await openNodeRealm(session, options);
  const { draft } = await fetchProposal(realm, which);
  const { statement, text } = reviewDraft(session, { path: '', draft, pin: realm.pin });
  session.output.show(text);
  const { stream, sequence } = statement;
  await session.confirm(`Withdraw the proposal for sequence ${sequence} of ${stream}?`, options);
  await using opened = await openSigner(key, signerHost(session, options));
  const { signer } = opened;
  const { payload } = draft.document.statement;
  const message = withdrawalMessage(payload);
  const signature = await signer.sign(message);
  const { keyId } = signer.publicKey;
  if (!verifySignature(signer.publicKey, message, signature)) {
    throw new KedgeError('KEY', 'the signature does not verify with the public key of the signer');
  }
  const status = await realm.node.withdraw({
    statement: draft.document.statement,
    signature: { keyId, signature },
  });
  session.output.result(
    { ...statusJson(status), withdrawnBy: status.withdrawnBy ?? '' },
    `Withdrawn: the proposal for sequence ${sequence} of ${stream}. Nodes gather no more for it; ` +
      `whoever signed it signs no other statement for sequence ${sequence}.`,
  );
}
