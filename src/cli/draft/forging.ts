/**
 * What a thief does with stolen keys, for rehearsals of what happens then: he does not look at what
 * he signs, his ledger knows nothing of what the keys signed before, and nobody judges the document
 * before a node gets it. Only the node stands between him and the realm.
 *
 * @module
 */
import { AdminClient } from '../../client/admin-client.ts';
import { addSignatures } from '../../core/statements/sign.ts';
import type { Forged } from '../../rehearsal/desk.ts';
import { openKeyFile } from '../../signers/key-file.ts';
import { Ledger } from '../../signers/ledger.ts';
import { signWithLedger } from '../../signers/sign.ts';
import { loadDraft } from './file.ts';

/** Signs a draft and hands it in. Errors: those of key files, drafts and the node. */
export async function forgeDraft({ draft, keys, passphrase, node }: Forged): Promise<void> {
  const { document, blobs } = await loadDraft(draft);
  const ledger = new Ledger(`${draft}.forged.ledger`);
  let { statement } = document;
  for (const path of keys) {
    const { key } = await openKeyFile({ path, passphrase });
    statement = addSignatures(statement, await signWithLedger(key, ledger, statement.payload));
  }
  using admin = await AdminClient.open({ endpoint: node, insecure: true });
  await admin.submit({ document: { ...document, statement }, blobs: [...blobs.values()] });
}
