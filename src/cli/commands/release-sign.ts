/**
 * `kedge release sign`, `kedge charter sign` and `kedge rollout sign`: sign a draft after reading
 * what it changes.
 *
 * @module
 */
import type { Command } from 'commander';
import { KedgeError } from '../../core/errors.ts';
import { reviewCharter, signableCharter } from '../charter/review.ts';
import { loadDraft } from '../draft/file.ts';
import { halfSigned } from '../draft/halves.ts';
import { type Signable, signDraft } from '../draft/signing.ts';
import { addExamples, collect } from '../help.ts';
import { missingSignatures } from '../policy/review.ts';
import type { ShortcutOptions } from '../realm/options.ts';
import { requireCharter, requirePin } from '../realm/trust.ts';
import { type OpenedDraft, refreshDraft, signableRelease } from '../release/publishing.ts';
import { reviewRelease } from '../release/review.ts';
import { signableRollout } from '../rollout/publishing.ts';
import { missingOf, reviewRollout } from '../rollout/review.ts';
import type { Session } from '../session.ts';
import type { CommandModule } from '../table/module.ts';
import { countOf } from '../terminal/styles.ts';

interface Options extends ShortcutOptions {
  readonly key?: readonly string[];
  readonly realm?: string;
  readonly pin?: string;
}

/** How many of which role signed, and how many it takes. */
interface Progress {
  readonly signers: readonly string[];
  readonly missing: number;
  /** Who signed with some of the kinds of keys that it takes. */
  readonly halves: readonly string[];
}

/** `kedge release sign`. */
export const releaseSign: CommandModule = {
  configure(command, session) {
    command.description(
      'Show what a draft changes, ask, and sign it. Needs no network and no trust in whoever ' +
        'made the draft: everything in it is verified from the pin down, and the ledger of the ' +
        'key refuses a second statement for one sequence. kedge plan says what it would break.',
    );
    addSignOptions(command);
    command.action((file: string, options: Options) =>
      run(session, file, options, {
        signable: (opened) =>
          signableRelease(session, opened, reviewRelease(opened.draft, opened.pin, now(session))),
        progress: ({ draft, pin }) => {
          const review = reviewRelease(draft, pin, now(session));
          const { signers, role } = review.authority;
          const missing = missingSignatures(role.threshold - signers.length, review);
          const { charter } = requireCharter(review.state);
          return {
            signers,
            missing,
            halves: halfSigned([{ charter, role }], draft.document.statement),
          };
        },
        submit: 'kedge release submit',
        refresh: (opened) => refreshDraft(session, opened),
      }),
    );
    addExamples(command, [
      'kedge release sign payments.prod.example.org.draft.json --key signers/ana.age',
      'kedge release sign draft.json --key /media/stick/ben.age --ledger ~/kedge.ledger',
      'KEDGE_PASSPHRASE_ANA=… kedge release sign draft.json --key ana.age --yes',
      "kedge release sign draft.json --key 'pkcs11:token=ana;object=kedge' --yes",
      "kedge release sign draft.json --key 'exec:./sign-with-kms.sh alias/ana?spki=ana.pub'",
    ]);
  },
};

/** `kedge charter sign`. */
export const charterSign: CommandModule = {
  configure(command, session) {
    command.description(
      'Show what a drafted charter changes, ask, and sign it. It takes the quorum of the charter ' +
        'before and its own: removed signers hand over, new ones show that they can sign.',
    );
    addSignOptions(command);
    command.action((file: string, options: Options) =>
      run(session, file, options, {
        signable: (opened) =>
          signableCharter(session, opened, reviewCharter(opened.draft, opened.pin, now(session))),
        progress: ({ draft, pin }) => {
          const review = reviewCharter(draft, pin, now(session));
          const recovered = review.recovered.map((keyId) => `recovery key ${keyId.slice(0, 16)}`);
          const roles = [review.current, review.next].map((charter) => ({
            charter,
            role: charter.roles.charter,
          }));
          const halves = halfSigned(roles, draft.document.statement);
          return { signers: [...recovered, ...review.signers], missing: review.missing, halves };
        },
        submit: 'kedge charter submit',
      }),
    );
    addExamples(command, ['kedge charter sign charter-2.draft.json --key signers/ana.age']);
  },
};

/** `kedge rollout sign`. */
export const rolloutSign: CommandModule = {
  configure(command, session) {
    command.description(
      'Show which release a draft brings to which programs in which waves, ask, and sign it. ' +
        'Needs no network: the draft carries the release, verified from the pin down.',
    );
    addSignOptions(command);
    command.action((file: string, options: Options) =>
      run(session, file, options, {
        signable: (opened) =>
          signableRollout(session, opened, reviewRollout(opened.draft, opened.pin, now(session))),
        progress: ({ draft, pin }) => {
          const review = reviewRollout(draft, pin, now(session));
          const { signers, role } = review.authority;
          const { charter } = requireCharter(review.state);
          const halves = halfSigned([{ charter, role }], draft.document.statement);
          return { signers, missing: missingOf(review), halves };
        },
        submit: 'kedge rollout submit',
        refresh: (opened) => refreshDraft(session, opened),
      }),
    );
    addExamples(command, [
      'kedge rollout sign payments.prod.example.org.rollout.json --key signers/deploy.age',
    ]);
  },
};

function addSignOptions(command: Command): void {
  command
    .argument('<draft>', 'draft file; the signature is added to it')
    .option(
      '--key <key>',
      'key file, pkcs11: URI or exec: command to sign with; may be repeated',
      collect,
    )
    .option('--yes', 'sign without asking, after reading what it prints')
    .option('--passphrase-file <file>', 'file with the passphrase of the key, one line')
    .option('--ledger <file>', 'ledger of signed statements (default: with the key)')
    .option('--realm <name>', 'realm (default: from the profile)')
    .option('--pin <sha256>', 'digest of the first charter (default: from the profile)');
}

async function run(
  session: Session,
  file: string,
  options: Options,
  steps: {
    readonly signable: (opened: OpenedDraft) => Signable;
    readonly progress: (opened: OpenedDraft) => Progress;
    readonly submit: string;
    /** What the network may tell, where there is one. */
    readonly refresh?: (opened: OpenedDraft) => Promise<OpenedDraft>;
  },
): Promise<void> {
  if (options.key === undefined) {
    throw new KedgeError('CONFIG', 'the key is not given', {
      detail: { hint: 'give --key <keyfile>' },
    });
  }
  const path = session.path(file);
  const pin = requirePin(await session.profile(), options);
  const own = { path, pin, draft: await loadDraft(path) };
  // What does not fit together is refused whatever a node says.
  const alone = steps.signable(own);
  const opened = (await steps.refresh?.(own)) ?? own;
  const signable = opened === own ? alone : steps.signable(opened);
  const draft = await signDraft(session, signable, options.key, options);
  const { signers, missing, halves } = steps.progress({ ...opened, draft });
  const by = signers.length === 0 ? 'nobody who counts yet' : signers.join(', ');
  session.output.result(
    {
      draft: path,
      stream: signable.statement.stream,
      sequence: signable.statement.sequence,
      digest: signable.statement.digest,
      signers,
      missing,
      halves,
    },
    missing === 0
      ? `Signed by ${by}: complete. Next: ${steps.submit} ${file}`
      : [
          `Signed by ${by}; ${countOf(missing, 'signature')} still needed.`,
          ...halves.map((half) => `${half}: give --key for each.`),
          `Next: pass ${file} to the next signer.`,
        ].join('\n'),
  );
}

function now(session: Session): number {
  return session.context.nowMs();
}
