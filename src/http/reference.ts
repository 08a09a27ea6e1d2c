/**
 * The list of all metrics in Markdown, made from the catalogue.
 *
 * @module
 */
import { METRICS, type MetricFacts } from './catalogue.ts';

/** The text of `docs/metrics.md`. */
export function metricReference(): string {
  const rows = Object.entries(METRICS).map(
    ([name, { kind, help, labels }]) => `| \`${name}\` | ${kind} | ${labelsOf(labels)} | ${help} |`,
  );
  return `${INTRODUCTION}\n${rows.join('\n')}\n`;
}

function labelsOf(labels: MetricFacts['labels']): string {
  return Object.entries(labels ?? {})
    .map(([name, values]) => {
      if (values === 'open') return `\`${name}\``;
      return `\`${name}\`: ${values.map((value) => `\`${value}\``).join(', ')}`;
    })
    .join('; ');
}

const INTRODUCTION = `# Metrics of a node

Generated from \`src/http/catalogue.ts\`; do not edit by hand:
\`npx vitest run test/http/reference.test.ts -u\` writes it.

With [\`http.listen\`](node-config.md#httplisten) a node answers three paths over plain HTTP:

| path | answer |
|---|---|
| \`/metrics\` | everything below, in the Prometheus text format 0.0.4 |
| \`/healthz\` | 200 while the process answers, also while it starts: restart it when this fails |
| \`/readyz\` | 200 while clients are served, else 503 with the reason: send clients elsewhere |

[deploy/prometheus.yml](../deploy/prometheus.yml) scrapes a cluster and
[deploy/kedge-alerts.yaml](../deploy/kedge-alerts.yaml) has alerts to begin with. The port is
plaintext and knows no callers. It shows names of bundles, regions and nodes, no content and no
secrets; by default it may listen on loopback only.

A counter begins at 0 when the node starts. What has a label per bundle or region is read at each
scrape, and shows 2000 series at most; more are counted in \`kedge_series_dropped_total\`. Times are
seconds since 1970, so that an alert compares them with \`time()\`. The lag of the event loop is
that since the last scrape, whoever asked. Names that begin with \`process_\` and \`nodejs_\` are
those that other exporters use. What a program with the SDK measures is in the
[SDK guide](sdk.md#metrics).

| metric | kind | labels | what |
|---|---|---|---|`;
