/**
 * `kedge doctor`: checks a host for a node, and says what to change with which command.
 *
 * @module
 */
import { KedgeError } from '../../core/errors.ts';
import type { NodeConfig } from '../../node/config.ts';
import type { Finding } from '../../node/doctor/finding.ts';
import { fileExists } from '../files.ts';
import { addExamples } from '../help.ts';
import type { Session } from '../session.ts';
import type { CommandModule } from '../table/module.ts';
import { countOf, printable, type Styles } from '../terminal/styles.ts';

interface Options {
  readonly config?: string;
  readonly pid?: string;
  readonly systemRoot: string;
}

const DEFAULT_CONFIG = 'node.yaml';

/** The command. */
export const doctor: CommandModule = {
  configure(command, session) {
    command
      .description(
        'Check this host and the configuration of a node: clock, limits, kernel settings, ports, ' +
          'certificate and store. Each finding that is not ok says why and what to do. Nothing ' +
          'is changed. Run it as the user of the node. Exit code 1 when something fails.',
      )
      .option('--config <file>', 'configuration of the node (default: node.yaml, if it is there)')
      .option('--pid <number>', 'judge the limits of this process, not of this shell')
      .option('--system-root <folder>', 'where /proc, /sys and /run are', '/')
      .action((options: Options) => run(session, options));
    addExamples(command, [
      'kedge doctor --config /etc/kedge/node.yaml',
      'sudo -u kedge kedge doctor --config /etc/kedge/node.yaml --pid "$(pgrep -of \'node run\')"',
      'kedge doctor --output json | jq \'.findings[] | select(.verdict != "ok")\'',
    ]);
  },
};

async function run(session: Session, options: Options): Promise<void> {
  const { pid = 'self' } = options;
  if (!/^(?:self|[1-9]\d{0,9})$/.test(pid)) {
    throw new KedgeError('CONFIG', `--pid ${JSON.stringify(pid)} is no number of a process`);
  }
  const { examine } = await import('../../node/doctor/examine.ts');
  const { config, findings } = await readConfig(session, options.config);
  const examined = await examine(config, {
    root: session.path(options.systemRoot),
    process: pid,
    nowMs: session.context.nowMs(),
    nodeVersion: process.versions.node,
    userId: process.getuid?.(),
  });
  const all = [...findings, ...examined];
  const count = (verdict: Finding['verdict']): number =>
    all.filter((finding) => finding.verdict === verdict).length;
  const counts = { ok: count('ok'), warn: count('warn'), fail: count('fail') };
  session.output.result(
    { ...counts, findings: all.map((finding) => ({ ...finding })) },
    formatFindings(all, counts, session.output.styles),
  );
  if (counts.fail > 0) session.conclude('findings');
}

/** What is wrong with the configuration is a finding; the host is examined all the same. */
async function readConfig(
  session: Session,
  named: string | undefined,
): Promise<{ readonly config?: NodeConfig; readonly findings: readonly Finding[] }> {
  const check = 'config';
  const path = session.path(named ?? DEFAULT_CONFIG);
  if (named === undefined && !(await fileExists(path))) {
    const what = 'none: ports, certificate and store are not checked';
    return { findings: [{ check, verdict: 'warn', what, remedy: 'kedge doctor --config <file>' }] };
  }
  const { loadNodeConfig } = await import('../../node/config-file.ts');
  try {
    const config = await loadNodeConfig(path);
    return { config, findings: [{ check, verdict: 'ok', what: `${path} is well formed` }] };
  } catch (thrown) {
    const { code, message } = KedgeError.from(thrown);
    if (code !== 'CONFIG') throw thrown;
    const remedy = `kedge node config --config ${path}`;
    return { findings: [{ check, verdict: 'fail', what: message, remedy }] };
  }
}

function formatFindings(
  findings: readonly Finding[],
  counts: Readonly<Record<Finding['verdict'], number>>,
  styles: Styles,
): string {
  const marks = { ok: styles.green('ok  '), warn: styles.yellow('warn'), fail: styles.red('FAIL') };
  const width = Math.max(...findings.map(({ check }) => check.length));
  const lines = findings.flatMap(({ check, verdict, what, remedy }) => [
    `${marks[verdict]}  ${check.padEnd(width)}  ${what.split('\n').map(printable).join('; ')}`,
    ...(remedy === undefined ? [] : [`${' '.repeat(width + 8)}${styles.bold('do:')} ${remedy}`]),
  ]);
  const summary = `${countOf(counts.fail, 'failure')}, ${countOf(counts.warn, 'warning')}`;
  return [...lines, '', styles.bold(`${summary}, ${String(counts.ok)} ok`)].join('\n');
}
