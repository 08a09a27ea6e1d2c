/**
 * A canary made of recorded chains: it refuses a release under which a chain is no longer accepted,
 * as a program does whose own check fails. In the first wave of a rollout that stops it.
 *
 * Chains that are not accepted under the first release that it sees prove nothing and do not count;
 * nor does one for what time has done to it. Each release is held against the last good one.
 * The judgement is that of `kedge plan`.
 *
 * @module
 */
import type { Bundle } from '../../client/bundle.ts';
import { insideOf } from '../../client/usage/taking.ts';
import { KedgeError } from '../../core/errors.ts';
import type { BundleName } from '../../core/ids.ts';
import type { ChainPlan } from '../../preflight/chain-plan.ts';
import { planChange, type RecordedChain } from '../../preflight/plan.ts';
import type { PlannedBundle } from '../../preflight/trust-store.ts';
import type { Session } from '../session.ts';
import { countOf, printable } from '../terminal/styles.ts';
import { loadChains } from './chains-file.ts';

const PURPOSE_DEFAULT = 'tls-server';
/** Chains named in one reason. */
const NAMED_MAX = 3;

/** Judges releases as they come into use. */
export class Canary {
  readonly #session: Session;
  readonly #chains: readonly RecordedChain[];
  /** Chains that count, per bundle. */
  readonly #counted = new Map<BundleName, ReadonlySet<string>>();
  /** The last that was not refused: what a chain is under a release is held against that. */
  readonly #good = new Map<BundleName, PlannedBundle>();
  /** The sequence of the last that was refused. */
  readonly #refused = new Map<BundleName, number>();

  private constructor(session: Session, chains: readonly RecordedChain[]) {
    this.#session = session;
    this.#chains = chains;
  }

  /** Reads the chains. Errors: `CONFIG`, those of files. */
  static async open(session: Session, paths: readonly string[]): Promise<Canary> {
    const chains: RecordedChain[] = [];
    for (const path of paths) {
      chains.push(...(await loadChains(session.path(path), PURPOSE_DEFAULT)));
    }
    if (chains.length > 0) return new Canary(session, chains);
    throw new KedgeError('CONFIG', '--chains: there is no chain in it', {
      detail: { hint: 'record some: kedge plan record <host:port>… -o chains/<name>.jsonl' },
    });
  }

  /** Judges a release that came into use. Errors: `POLICY`, which refuses it. */
  readonly judge = (bundle: Bundle): void => {
    const content = contentOf(bundle);
    const judged = this.#plan(bundle.name, content);
    const counted = this.#counted.get(bundle.name);
    const lost = judged.filter((chain) => refusalOf(chain) !== undefined);
    if (counted === undefined) {
      const kept = judged.filter((chain) => refusalOf(chain) === undefined).map(keyOf);
      this.#counted.set(bundle.name, new Set(kept));
      for (const chain of lost) {
        this.#session.output.warn(`does not count, as it is not accepted: ${reasonOf(chain)}`);
      }
    }
    // A leaf that is over by now is so under the release before, too: no release is to blame.
    const broken = lost.filter((chain) => counted?.has(keyOf(chain)) === true && wasGood(chain));
    if (broken.length === 0) {
      this.#good.set(bundle.name, content);
      return;
    }
    const named = broken.slice(0, NAMED_MAX).map(reasonOf).join('; ');
    const text = `${countOf(broken.length, 'chain')} not accepted any more: ${named}`;
    this.#refused.set(bundle.name, bundle.sequence);
    this.#session.output.warn(`refuses release ${String(bundle.sequence)}: ${text}`);
    throw new KedgeError('POLICY', text);
  };

  /** Whether that release was judged and refused. */
  refuses({ name, sequence }: Bundle): boolean {
    return this.#refused.get(name) === sequence;
  }

  #plan(name: BundleName, proposed: PlannedBundle): readonly ChainPlan[] {
    const today = this.#good.get(name) ?? proposed;
    const instants = [this.#session.context.nowMs()];
    return planChange({ today, proposed, chains: this.#chains, instants, clusterMs: 0 }).chains;
  }
}

/** The release as plans take it. */
function contentOf({ name, note, anchors, tombstones }: Bundle): PlannedBundle {
  return {
    body: {
      bundle: name,
      note,
      tombstones,
      anchors: anchors.map(({ id, label, state, purposes, constraints, sinceMs, ...rest }) => ({
        ...{ id, kind: 'x509-ca', label, state, purposes, constraints, sinceMs },
        ...(rest.distrustAfterMs !== undefined && { distrustAfterMs: rest.distrustAfterMs }),
      })),
    },
    // Read inside: to look at a certificate is no use of it that nodes would have to know of.
    blobs: new Map(
      anchors.map((anchor) => [anchor.id, insideOf(anchor)?.certificate().raw ?? anchor.der()]),
    ),
  };
}

function refusalOf({ cells: [now] }: ChainPlan): string | undefined {
  return now?.proposed.kind === 'refused' ? now.proposed.text : undefined;
}

function wasGood({ cells: [now] }: ChainPlan): boolean {
  return now?.today.kind !== 'refused';
}

function reasonOf(chain: ChainPlan): string {
  return printable(`${chain.name}: ${refusalOf(chain) ?? ''}`);
}

function keyOf({ name, purpose, leaf }: ChainPlan): string {
  return [purpose, leaf.id, name].join(' ');
}
