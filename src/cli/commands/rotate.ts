/**
 * `kedge rotate`: leads from a new CA to the removal of the old one, one release at a time.
 *
 * @module
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { KedgeError } from '../../core/errors.ts';
import { type BundleName, parseBundleName } from '../../core/ids.ts';
import { ROTATION_GATES, type RotationGate } from '../../core/rotation/steps.ts';
import { parseQuietMs, QUIET_TEXT } from '../adoption/quiet.ts';
import { saveDraft } from '../draft/file.ts';
import { addExamples, collect, parseArgument } from '../help.ts';
import type { Json } from '../output.ts';
import { openNodeRealm, proposeDraft } from '../proposal/proposals.ts';
import {
  addKeyOptions,
  addRealmOptions,
  type RealmOptions,
  type ShortcutOptions,
} from '../realm/options.ts';
import type { OpenedDraft } from '../release/publishing.ts';
import {
  describeSigned,
  type Finished,
  finishedJson,
  nextOfWaves,
  signAndPublish,
} from '../release/shortcut.ts';
import { quietMsOf } from '../rotation/intent.ts';
import { lookAt, type Rotation, type RotationTerms, withKnown } from '../rotation/look.ts';
import { findPair, type PairOptions, rotationDraftPath } from '../rotation/pair.ts';
import { withPassed } from '../rotation/passed.ts';
import { openNextRelease } from '../rotation/release.ts';
import { formatRotation, rotationJson, waitText } from '../rotation/view.ts';
import type { Session } from '../session.ts';
import type { CommandModule } from '../table/module.ts';

interface Options extends RealmOptions, ShortcutOptions, PairOptions {
  readonly label?: string;
  readonly override?: readonly string[];
  readonly reason?: string;
  readonly watch?: boolean;
  readonly propose?: boolean;
}

/** What one call came to. */
interface Turn {
  readonly rotation: Rotation;
  readonly opened: OpenedDraft | undefined;
}

const WATCH_EVERY_MS = 2000;

/** The command. */
export const rotate: CommandModule = {
  configure(command, session) {
    command
      .description(
        'Lead the rotation of a CA through its path: stage, delivered to all, hold-down, ' +
          'activate, loaded by all, taken up, retire, unused, overlap, remove. Each call finds ' +
          'out where the rotation is, from the verified bundle and from what clients told (so ' +
          'any machine can go on), shows the path, and makes the next release when nothing ' +
          'speaks against it: as a draft, or with --key signed, and published when enough have ' +
          'signed. A closed gate is passed only with --override and --reason, which become part ' +
          'of the signed note. Exit codes: 0 the release is published, or all is done; 11 a ' +
          'gate or a time of the charter is not over; 12 the draft needs (more) signatures.',
      )
      .argument('<bundle>', 'name of the bundle')
      .option('--from <anchor>', 'the old CA: label, id (8 or more digits) or certificate file')
      .option('--to <certificate>', 'the new CA: certificate file, or an anchor of the bundle')
      .option('--label <text>', 'name of the new anchor for people (default: its common name)')
      .option('--watch', 'wait until the next release can be made, and say for what')
      .option('--quiet <duration>', QUIET_TEXT)
      .option(
        '--override <gate>',
        `pass this gate (${ROTATION_GATES.join(', ')}) though it is closed; may be repeated`,
        collect,
      )
      .option(
        '--propose',
        'with --key: let the node gather the signatures that are missing; the others run kedge ' +
          'proposal approve',
      )
      .option('--reason <text>', 'why, with --override; everybody will be able to read it')
      .option('--draft <file>', 'draft to work on (default: <bundle>.rotation.draft.json)');
    addKeyOptions(command);
    addRealmOptions(command).action((bundle: string, options: Options) =>
      run(session, parseArgument('bundle', bundle, parseBundleName), options),
    );
    addExamples(command, [
      'kedge rotate b.example.org --from "CA 2024" --to ca-2027.pem --key ana.age',
      'kedge rotate b.example.org --watch --key ana.age --key ben.age --yes --output json',
      'kedge rotate b.example.org --override loaded --reason "host down, ticket 4711"',
      'kedge rotate b.example.org --key ana.age --propose',
      'kedge rotate status b.example.org',
    ]);
  },
};

async function run(session: Session, bundle: BundleName, options: Options): Promise<void> {
  parseQuietMs(options.quiet);
  const overrides = overridesOf(options);
  if (options.propose === true && options.key === undefined) {
    throw new KedgeError('CONFIG', '--propose: a proposal needs a signature', {
      detail: { hint: 'give --key <keyfile> too' },
    });
  }
  const { rotation, opened } = await takeTurn(session, bundle, options, overrides);
  if (opened === undefined) {
    if (rotation.path.standing === 'waiting') session.conclude('waiting');
    print(session, rotation, { text: standingText(rotation), json: {} });
    return;
  }
  const release = rotation.path.next ?? null;
  if (options.key === undefined) {
    const isSigned = opened.saveAs === undefined;
    if (!isSigned) await saveDraft(opened.path, opened.draft, opened.saveAs ?? 'changed');
    session.conclude('unsigned');
    const shown = session.shown(opened.path);
    print(session, rotation, {
      json: { release, draft: opened.path },
      text:
        `${isSigned ? 'Waits for signatures' : 'Drafted'}: ${shown}, the ${release} release.\n` +
        `Next: kedge rotate ${bundle} --key <keyfile>, or kedge proposal create ${shown} ` +
        '--key <keyfile>',
    });
    return;
  }
  const finished = await signAndPublish(session, options, opened, options.key);
  if (finished.kind === 'signed' && options.propose === true) {
    await using realm = await openNodeRealm(session, options);
    const { standing, json, text } = await proposeDraft(session, realm, finished.opened);
    if (standing === 'open') session.conclude('unsigned');
    print(session, rotation, { json: { release, ...json }, text });
    return;
  }
  if (finished.kind === 'signed') session.conclude('unsigned');
  print(session, rotation, {
    json: { release, ...finishedJson(finished) },
    text: finishedText(session, rotation, finished),
  });
}

/** Looks where the rotation is, with `--watch` until it can go on, and opens the next release. */
async function takeTurn(
  session: Session,
  bundle: BundleName,
  options: Options,
  overrides: RotationTerms['overrides'],
): Promise<Turn> {
  const { signal } = session.context;
  let told = '';
  while (true) {
    const turn = await retried(session, options, () =>
      oneTurn(session, bundle, options, overrides),
    );
    if (turn !== undefined) {
      const isWaiting = turn.rotation.path.standing === 'waiting';
      if (!isWaiting || options.watch !== true || signal.aborted) return turn;
      const text = waitText(turn.rotation);
      if (text !== told) session.output.note(`waiting: ${text}`);
      told = text;
    }
    await sleep(WATCH_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** A node that is away for a moment does not end a watch. */
async function retried(
  session: Session,
  { watch }: Options,
  turn: () => Promise<Turn>,
): Promise<Turn | undefined> {
  try {
    return await turn();
  } catch (thrown) {
    const { code, message } = KedgeError.from(thrown);
    if (watch !== true || code !== 'UNAVAILABLE' || session.context.signal.aborted) throw thrown;
    session.output.warn(message);
    return undefined;
  }
}

function oneTurn(
  session: Session,
  bundle: BundleName,
  options: Options,
  overrides: RotationTerms['overrides'],
): Promise<Turn> {
  return withKnown(session, bundle, options, async (known) => {
    const pair = await findPair(session, known, options);
    const terms = { quietMs: quietMsOf(pair, undefined), overrides };
    const looked = lookAt(session, known, pair, terms);
    const isShown = looked.path.standing !== 'waiting' || options.watch !== true;
    const rotation = isShown ? await withPassed(known, looked) : looked;
    const { next: release, standing } = rotation.path;
    if (standing !== 'ready' || release === undefined) return { rotation, opened: undefined };
    const { label, reason } = options;
    const path = rotationDraftPath(session, bundle, options);
    const plan = { known, rotation, pair, release, path, label, reason };
    return { rotation, opened: await openNextRelease(session, plan) };
  });
}

function print(
  session: Session,
  rotation: Rotation,
  outcome: {
    readonly text: string;
    readonly json: { readonly [key: string]: Json | undefined };
  },
): void {
  const { output, context } = session;
  const view = formatRotation(rotation, output.styles, context.nowMs());
  output.result({ ...rotationJson(rotation), made: outcome.json }, `${view}\n\n${outcome.text}`);
}

function standingText(rotation: Rotation): string {
  const { standing, next } = rotation.path;
  if (standing === 'done') {
    const by = rotation.from.leftBy;
    const how = by === undefined ? 'is gone' : `left with release ${by}`;
    return `Done: the old anchor ${how} and the new one is trusted.`;
  }
  return (
    `Waiting before the ${next ?? ''} release; nothing was drafted. --watch waits; a gate that ` +
    'you answer for is passed with --override <gate> --reason <why>, which all can read.'
  );
}

function finishedText(session: Session, rotation: Rotation, finished: Finished): string {
  if (finished.kind === 'signed') {
    return describeSigned(session, finished.opened, finished.missing);
  }
  const { review, record, novelty } = finished.submitted;
  const { bundle, path } = rotation;
  const isWaiting = review.body.delivery === 'waves';
  return (
    `Published release ${review.statement.sequence} of ${bundle}: ${path.next ?? ''}. ` +
    `Kept in ${session.shown(record)}.` +
    `${isWaiting ? ` ${nextOfWaves(session, review, novelty)}` : ''}\n` +
    `Next: kedge rotate ${bundle} --watch`
  );
}

function overridesOf({ override = [], reason }: Options): RotationTerms['overrides'] {
  const overrides = new Set(override.map((name) => parseArgument('--override', name, parseGate)));
  if (overrides.size > 0 !== (reason !== undefined && reason.trim() !== '')) {
    throw new KedgeError('CONFIG', '--override and --reason go together', {
      detail: { hint: 'name the gate and say why it may be passed' },
    });
  }
  return overrides;
}

function parseGate(text: string): RotationGate {
  const gate = ROTATION_GATES.find((name) => name === text);
  if (gate !== undefined) return gate;
  throw new KedgeError('CONFIG', `there is no gate ${JSON.stringify(text)}`, {
    detail: {
      hint: `gates are ${ROTATION_GATES.join(', ')}; hold-down and overlap are the charter's`,
    },
  });
}
