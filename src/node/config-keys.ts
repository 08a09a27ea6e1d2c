/**
 * The keys of the configuration as a list, and the reference in Markdown made from it.
 *
 * The list is read out of the schema, so that documentation, advice on misspelt keys and checks
 * cannot disagree.
 *
 * @module
 */
import { z } from 'zod';
import { nodeConfigSchema } from './config-schema.ts';

/** One key as the reference shows it; `name` is dotted, `[]` stands for each item of a list. */
export interface ConfigKey {
  readonly name: string;
  readonly type: string;
  readonly presence: 'required' | 'optional';
  readonly defaultText: string | undefined;
  readonly unit: string | undefined;
  readonly range: string | undefined;
  readonly example: string | undefined;
  readonly description: string;
}

/** The parts of JSON Schema that {@link nodeConfigSchema} makes use of. */
const schemaShape: z.ZodType<SchemaNode> = z.object({
  type: z.string().optional(),
  description: z.string().optional(),
  unit: z.string().optional(),
  example: z.string().optional(),
  default: z.unknown().optional(),
  enum: z.array(z.string()).optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  required: z.array(z.string()).optional(),
  properties: z
    .record(
      z.string(),
      z.lazy(() => schemaShape),
    )
    .optional(),
  items: z.lazy(() => schemaShape).optional(),
});

interface SchemaNode {
  readonly type?: string | undefined;
  readonly description?: string | undefined;
  readonly unit?: string | undefined;
  readonly example?: string | undefined;
  readonly default?: unknown;
  readonly enum?: readonly string[] | undefined;
  readonly minimum?: number | undefined;
  readonly maximum?: number | undefined;
  readonly required?: readonly string[] | undefined;
  readonly properties?: Readonly<Record<string, SchemaNode>> | undefined;
  readonly items?: SchemaNode | undefined;
}

/** All keys, sections before what is in them, in the order of the schema. */
export function allKeys(): readonly ConfigKey[] {
  const schema = schemaShape.parse(z.toJSONSchema(nodeConfigSchema, { io: 'input' }));
  return keysIn(schema, '');
}

/** The text of `docs/node-config.md`. */
export function configReference(): string {
  const sections = allKeys().map((key) => {
    const facts = [
      `Type: ${key.type}`,
      key.presence,
      ...(key.defaultText === undefined ? [] : [`default: \`${key.defaultText}\``]),
      ...(key.unit === undefined ? [] : [`unit: ${key.unit}`]),
      ...(key.range === undefined ? [] : [`range: ${key.range}`]),
      ...(key.example === undefined ? [] : [`example: \`${key.example}\``]),
    ];
    return `## \`${key.name}\`\n\n${key.description}\n\n${facts.join(' · ')}\n`;
  });
  return `${INTRODUCTION}\n${sections.join('\n')}`;
}

const INTRODUCTION = `# Configuration of a node

A node reads one YAML file: \`kedge node run --config node.yaml\`. Generated from
\`src/node/config-schema.ts\`; do not edit by hand:
\`npx vitest run test/node/config-keys.test.ts -u\` writes it.

- Every key is here. An unknown key is an error that names the nearest valid one.
- Relative paths are relative to the file's folder. Nothing is expanded: \`\${HOME}\` stays.
- \`kedge node config --config node.yaml\` prints the file with all defaults filled in.
- In names, \`[]\` stands for each item of a list.

A small one:

\`\`\`yaml
node: { id: iad-1, region: iad, address: 'iad-1.kedge.example.org:7441' }
realm: prod.example.org
firstCharterDigest: 64 hex digits that kedge realm init printed
firstCharterFile: first-charter.json
store: { path: data }
listen: { clients: '0.0.0.0:7440', peers: '0.0.0.0:7441', admins: '127.0.0.1:7442' }
tls: { certFile: tls/node.pem, keyFile: tls/node.key, caFile: tls/ca.pem }
identities:
  - { id: 'spiffe://prod.example.org/client/*', roles: [client] }
  - { id: 'spiffe://prod.example.org/admin/*', roles: [admin] }
peers:
  seeds: [fra-1.kedge.example.org:7441]
\`\`\`
`;

function keysIn(schema: SchemaNode, prefix: string): ConfigKey[] {
  const required = new Set(schema.required);
  return Object.entries(schema.properties ?? {}).flatMap(([name, node]) => {
    const isList = node.type === 'array' && node.items?.properties !== undefined;
    const key = describe(
      `${prefix}${name}${isList ? '[]' : ''}`,
      node,
      required.has(name) ? 'required' : 'optional',
    );
    const inner = isList ? node.items : node;
    return [key, ...keysIn(inner, `${key.name}.`)];
  });
}

function describe(name: string, node: SchemaNode, presence: ConfigKey['presence']): ConfigKey {
  return {
    name,
    type: typeText(node),
    presence,
    defaultText: node.default === undefined ? undefined : JSON.stringify(node.default),
    unit: node.unit,
    range:
      node.minimum === undefined || node.maximum === undefined
        ? undefined
        : `${String(node.minimum)} to ${String(node.maximum)}`,
    example: node.example,
    description: node.description ?? '',
  };
}

function typeText(node: SchemaNode): string {
  if (node.enum !== undefined) return node.enum.map((value) => `\`${value}\``).join(' or ');
  if (node.type === 'array') {
    return node.items === undefined ? 'list' : `list of ${typeText(node.items)}`;
  }
  if (node.type === 'object') return 'section';
  return node.type ?? 'string';
}
