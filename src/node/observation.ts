/**
 * What a node shows to whoever watches it over HTTP: its metrics, and whether it serves.
 *
 * The listener opens before anything else, so that a start that takes long can be seen, and closes
 * after everything else. Without `http` in the configuration nothing is collected.
 *
 * @module
 */
import { HttpListener, type Readiness } from '../http/listener.ts';
import { ProcessGauges } from '../http/process-gauges.ts';
import { MetricRegistry } from '../http/registry.ts';
import type { MetricSample, Metrics } from '../ports/metrics.ts';
import type { NodeConfig } from './config.ts';

/** How far a node is with starting, serving and stopping. */
type Phase = 'starting' | 'running' | 'stopping';

/** What a running node tells when it is asked. */
export interface ObservedNode {
  /** Why clients are not served; absent when they are. */
  readonly holding: () => string | undefined;
  readonly vitals: () => readonly MetricSample[];
}

/** The view from outside of one node. */
export class Observation implements AsyncDisposable {
  /** Where the parts of the node put what they count. */
  readonly metrics: Metrics;
  readonly #http: NodeConfig['http'];
  readonly #registry: MetricRegistry = new MetricRegistry();
  #listener: HttpListener | undefined;
  #process: ProcessGauges | undefined;
  #node: ObservedNode | undefined;
  #phase: Phase = 'starting';

  /** `given` is told everything too. */
  constructor({ http }: Pick<NodeConfig, 'http'>, given: Metrics) {
    this.#http = http;
    this.metrics = http === undefined ? given : both(this.#registry, given);
  }

  /** Where it listens, with the port that was given out. */
  get address(): string | undefined {
    return this.#listener?.address;
  }

  /** Begins to answer, when the configuration asks for it. Errors: `CONFIG`. */
  async open(): Promise<void> {
    if (this.#http === undefined) return;
    const gauges = new ProcessGauges();
    this.#process = gauges;
    this.#registry.collect(async () => gauges.read());
    this.#registry.collect(() => this.#vitals());
    this.#listener = await HttpListener.open({
      address: this.#http.listen,
      registry: this.#registry,
      readiness: () => this.#readiness(),
    });
  }

  /** The node runs from now on. */
  running(node: ObservedNode): void {
    this.#node = node;
    this.#phase = 'running';
  }

  /** The node stops: nobody should come any more. */
  stopping(): void {
    this.#phase = 'stopping';
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process?.[Symbol.dispose]();
    await this.#listener?.[Symbol.asyncDispose]();
  }

  #vitals(): readonly MetricSample[] {
    const isServing = this.#readiness().kind === 'serving';
    const serving = { name: 'kedge_node_serving', value: isServing ? 1 : 0 } as const;
    return [serving, ...(this.#phase === 'running' ? (this.#node?.vitals() ?? []) : [])];
  }

  #readiness(): Readiness {
    if (this.#phase !== 'running' || this.#node === undefined) {
      return { kind: 'not-serving', reason: this.#phase };
    }
    const reason = this.#node.holding();
    return reason === undefined ? { kind: 'serving' } : { kind: 'not-serving', reason };
  }
}

function both(first: Metrics, second: Metrics): Metrics {
  return {
    increment: (name, labels, by) => {
      first.increment(name, labels, by);
      second.increment(name, labels, by);
    },
    set: (name, value, labels) => {
      first.set(name, value, labels);
      second.set(name, value, labels);
    },
  };
}
