/**
 * `kedge anchor add` and `kedge anchor stage`: bring certificates into a draft.
 *
 * All or nothing: one refused certificate refuses the whole command, because a CA that silently
 * stays out is found when its servers stop answering.
 *
 * @module
 */
import type { Command } from 'commander';
import type { AnchorState, Constraint } from '../../core/anchors/anchor.ts';
import { KedgeError } from '../../core/errors.ts';
import { addAnchor } from '../../core/releases/edit.ts';
import { blobsById } from '../draft/file.ts';
import { addExamples, collect } from '../help.ts';
import { addDraftOptions, addRealmOptions, addShortcutOptions } from '../realm/options.ts';
import { requireCharter } from '../realm/trust.ts';
import {
  factsOf,
  formatFacts,
  type JudgedCertificate,
  judgeCertificates,
  readCertificates,
  suggestLabel,
} from '../release/certificates.ts';
import {
  addConstraintOptions,
  type ConstraintOptions,
  readConstraints,
} from '../release/constraints.ts';
import { type EditOptions, type EditResult, editDraft } from '../release/edit-draft.ts';
import type { Workspace } from '../release/workspace.ts';
import type { Session } from '../session.ts';
import type { CommandModule } from '../table/module.ts';
import { countOf } from '../terminal/styles.ts';

interface Options extends EditOptions, ConstraintOptions {
  readonly label?: string;
  readonly purpose?: readonly string[];
  readonly skip?: boolean;
}

const DEFAULT_PURPOSES = ['tls-client', 'tls-server'];

/** `kedge anchor add`. */
export const anchorAdd: CommandModule = {
  configure(command, session) {
    command.description(
      'Add certificates to the draft of a bundle. In the first release of a bundle (and where ' +
        'the charter has no hold-down) they become active; later ones are staged first, so that ' +
        'every program has them before anybody relies on them.',
    );
    configureInput(command, session, 'as-allowed');
    addExamples(command, [
      'kedge anchor add roots.pem --bundle public-web --purpose tls-server',
      'kedge anchor add ca1.der ca2.der --bundle payments.prod.example.org',
      'kedge anchor add ca.pem --bundle b.example.org --key signers/ana.age',
      'kedge anchor add ca.pem --bundle b.example.org --constraint permitted-dns=example.org',
      'cat ca.pem | kedge anchor add - --bundle b.example.org --label "Payments CA 2027"',
    ]);
  },
};

/** `kedge anchor stage`. */
export const anchorStage: CommandModule = {
  configure(command, session) {
    command.description(
      'Add certificates to the draft of a bundle as staged: delivered to every program, trusted ' +
        'by none until they are activated after the hold-down.',
    );
    configureInput(command, session, 'staged');
    addExamples(command, [
      'kedge anchor stage payments-ca-2027.pem --bundle payments.prod.example.org',
      'kedge anchor stage ca.pem --bundle b.example.org --note "rotation 2027, ticket 4711"',
      'kedge anchor stage ca.pem --bundle b.example.org --constraint max-validity-seconds=86400',
    ]);
  },
};

function configureInput(command: Command, session: Session, entry: 'as-allowed' | 'staged'): void {
  command
    .argument('<files...>', 'PEM (one or many certificates) or DER files; - is standard input')
    .option('--label <text>', 'name for people (one certificate only; default: its common name)')
    .option(
      '--purpose <name>',
      `what it is for, repeat for more (default: ${DEFAULT_PURPOSES.join(', ')})`,
      collect,
    )
    .option('--skip', 'leave refused certificates out instead of stopping');
  addConstraintOptions(command);
  addDraftOptions(command);
  addRealmOptions(command);
  addShortcutOptions(command);
  command.action((files: string[], options: Options) => {
    const constraints = readConstraints(options);
    return editDraft(session, options, (workspace, point) =>
      addFiles(session, files, options, workspace, {
        point,
        state: entry === 'staged' ? 'staged' : entryState(workspace, point.sequence),
        constraints,
      }),
    );
  });
}

function entryState(workspace: Workspace, sequence: number): 'staged' | 'active' {
  const { holdDownSeconds } = requireCharter(workspace.state).charter.lifecycle;
  return sequence === 1 || holdDownSeconds === 0 ? 'active' : 'staged';
}

async function addFiles(
  session: Session,
  files: readonly string[],
  options: Options,
  workspace: Workspace,
  entry: {
    readonly point: Parameters<typeof addAnchor>[3];
    readonly state: Extract<AnchorState, 'staged' | 'active'>;
    readonly constraints: readonly Constraint[];
  },
): Promise<EditResult> {
  const certificates = await readCertificates(session, files);
  const existing = workspace.body.anchors.flatMap(({ id }) => {
    const facts = factsOf(workspace.blobs.get(id));
    return facts === undefined ? [] : [facts];
  });
  const judged = judgeCertificates(certificates, existing, session.context.nowMs());
  const admitted = judged.filter(({ verdict }) => verdict === 'admitted');
  report(session, judged, options);
  if (options.label !== undefined && admitted.length !== 1) {
    throw new KedgeError('CONFIG', `--label is for one certificate; there are ${admitted.length}`);
  }
  let { body } = workspace;
  for (const { facts } of admitted) {
    const anchor = {
      id: facts.id,
      label: options.label ?? suggestLabel(facts),
      purposes: options.purpose ?? DEFAULT_PURPOSES,
      constraints: entry.constraints,
    };
    body = addAnchor(body, anchor, entry.state, entry.point);
  }
  return { body, blobs: blobsById(admitted.map(({ facts }) => facts.der)) };
}

/** Says why certificates are refused, and stops unless they may be skipped. */
function report(session: Session, judged: readonly JudgedCertificate[], options: Options): void {
  const { output, context } = session;
  for (const { facts, file, findings, verdict } of judged) {
    for (const finding of findings) {
      if (verdict === 'refused' && finding.severity !== 'refuse') continue;
      const name = `${file}: "${suggestLabel(facts)}"`;
      if (verdict === 'refused') {
        const why = `${name} is refused: ${finding.message} (${finding.rule})`;
        output.warn(`${why}\n${formatFacts(facts, context.nowMs())}`);
      } else output.warn(`${name}: ${finding.message}`);
    }
  }
  const refused = judged.filter(({ verdict }) => verdict === 'refused');
  const [first] = refused;
  if (first === undefined) return;
  if (options.skip === true && refused.length < judged.length) return;
  const rules = [...new Set(refused.flatMap(({ findings }) => findings.map(({ rule }) => rule)))];
  throw new KedgeError(
    'POLICY',
    `${countOf(refused.length, 'certificate')} of ${judged.length} may not become an anchor ` +
      `(${rules.join(', ')}); the draft is left as it was`,
    {
      detail: {
        ids: refused.slice(0, 16).map(({ facts }) => facts.id),
        rules,
        hint:
          refused.length < judged.length
            ? 'the reasons are above; --skip leaves refused certificates out and adds the others'
            : 'the reasons are above; ask the owner of the CA for another certificate',
      },
    },
  );
}
