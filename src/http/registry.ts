/**
 * The metrics of one process, as Prometheus reads them: text format 0.0.4.
 *
 * Counters and some gauges are told when they change; what can be read at any time is asked for at
 * each scrape instead, so that nothing stale is shown. Scrapes that come together get one text. The
 * number of series of one name is bounded; a series too many is counted and not shown. Source:
 * https://prometheus.io/docs/instrumenting/exposition_formats/.
 *
 * @module
 */
import type { MetricLabels, MetricName, Metrics } from '../ports/metrics.ts';
import { METRICS, type MetricFacts, type ShownName } from './catalogue.ts';

/** One value that is shown. */
export interface ShownSample {
  readonly name: ShownName;
  readonly value: number;
  readonly labels?: MetricLabels;
}

/** Reads values at the time of a scrape. Must not throw. */
export type Collector = () => Iterable<ShownSample> | Promise<Iterable<ShownSample>>;

/** The media type of {@link MetricRegistry.expose}. */
export const EXPOSITION_TYPE: string = 'text/plain; version=0.0.4; charset=utf-8';

/** A bundle each, and room to spare for what else has labels. */
const SERIES_MAX = 2000;
const LABEL_MAX_CHARS = 200;
const DROPPED = 'kedge_series_dropped_total';

/** Keeps what is told and writes what is asked for. */
export class MetricRegistry implements Metrics {
  /** By name, then by the labels as they are written. */
  readonly #series: Map<ShownName, Map<string, number>> = new Map();
  readonly #kinds: Map<ShownName, MetricFacts['kind']> = new Map();
  readonly #collectors: Collector[] = [];
  #exposing: Promise<string> | undefined;

  constructor() {
    for (const { name, labels } of startingSeries()) this.#add('counter', name, labels, 0);
  }

  increment(name: MetricName, labels: MetricLabels = {}, by = 1): void {
    if (by >= 0 && Number.isFinite(by)) this.#add('counter', name, labels, by);
  }

  set(name: MetricName, value: number, labels: MetricLabels = {}): void {
    const series = this.#seriesOf('gauge', name);
    const key = labelText(labels);
    if (this.#hasRoom(series, key)) series.set(key, value);
  }

  /** Adds something that is read at each scrape. */
  collect(collector: Collector): void {
    this.#collectors.push(collector);
  }

  /** All metrics as text. */
  async expose(): Promise<string> {
    this.#exposing ??= this.#expose().finally(() => {
      this.#exposing = undefined;
    });
    return await this.#exposing;
  }

  async #expose(): Promise<string> {
    const collected = new Map<ShownName, Map<string, number>>();
    for (const collector of this.#collectors) {
      for (const { name, value, labels = {} } of await collector()) {
        const series = collected.get(name) ?? new Map<string, number>();
        collected.set(name, series);
        const key = labelText(labels);
        if (this.#hasRoom(series, key)) series.set(key, value);
      }
    }
    const all = new Map([...this.#series, ...collected]);
    const names = [...all.keys()].sort();
    return names.map((name) => this.#block(name, all.get(name) ?? new Map())).join('');
  }

  #block(name: ShownName, series: ReadonlyMap<string, number>): string {
    const facts = METRICS[name];
    const kind = facts?.kind ?? this.#kinds.get(name) ?? 'gauge';
    const help = facts === undefined ? '' : `# HELP ${name} ${escapeHelp(facts.help)}\n`;
    const lines = Array.from(
      series,
      ([labels, value]) => `${name}${labels} ${numberText(value)}\n`,
    );
    return `${help}# TYPE ${name} ${kind}\n${lines.join('')}`;
  }

  #add(kind: MetricFacts['kind'], name: ShownName, labels: MetricLabels, by: number): void {
    const series = this.#seriesOf(kind, name);
    const key = labelText(labels);
    if (this.#hasRoom(series, key)) series.set(key, (series.get(key) ?? 0) + by);
  }

  #seriesOf(kind: MetricFacts['kind'], name: ShownName): Map<string, number> {
    const known = this.#series.get(name);
    if (known !== undefined) return known;
    const series = new Map<string, number>();
    this.#series.set(name, series);
    this.#kinds.set(name, kind);
    return series;
  }

  #hasRoom(series: ReadonlyMap<string, number>, key: string): boolean {
    if (series.has(key) || series.size < SERIES_MAX) return true;
    this.increment(DROPPED);
    return false;
  }
}

/** Counters whose series are all known ahead; at 0 a first increment can be told from none. */
function startingSeries(): readonly { readonly name: ShownName; readonly labels: MetricLabels }[] {
  return Object.entries(METRICS).flatMap(([name, { kind, labels = {} }]) => {
    if (kind !== 'counter' || !isOurs(name)) return [];
    let sets: readonly MetricLabels[] = [{}];
    for (const [label, values] of Object.entries(labels)) {
      if (values === 'open') return [];
      sets = sets.flatMap((set) => values.map((value) => ({ ...set, [label]: value })));
    }
    return sets.map((set) => ({ name, labels: set }));
  });
}

function isOurs(name: string): name is MetricName {
  return name.startsWith('kedge_');
}

/** `{a="b",c="d"}` in the order of names; empty without labels. */
function labelText(labels: MetricLabels): string {
  const names = Object.keys(labels).sort();
  if (names.length === 0) return '';
  const pairs = names.map((name) => `${name}="${escapeLabel(labels[name] ?? '')}"`);
  return `{${pairs.join(',')}}`;
}

function escapeLabel(value: string): string {
  return value
    .slice(0, LABEL_MAX_CHARS)
    .replaceAll('\\', '\\\\')
    .replaceAll('\n', '\\n')
    .replaceAll('"', '\\"');
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value);
}
