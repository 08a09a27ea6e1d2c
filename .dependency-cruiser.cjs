/**
 * Who may import whom: the table of docs/ARCHITECTURE.md as rules.
 *
 * One row per folder of src/; what a row does not name is an error. Type-only imports count too,
 * because a layer that needs the types of another layer knows that layer.
 *
 * @module
 */

/** Builtins of the shells: everything that Node offers. */
const ANY_BUILTIN = ['.*'];

/**
 * @type {Record<string, { src: string[], npm: string[], builtin: string[] }>}
 */
const LAYERS = {
  core: { src: [], npm: ['@noble/post-quantum'], builtin: [] },
  ports: { src: ['core'], npm: [], builtin: [] },
  files: { src: [], npm: [], builtin: ['fs/promises', 'path'] },
  wire: {
    src: ['core'],
    npm: ['@grpc/proto-loader', '@grpc/grpc-js'],
    builtin: ['module', 'url', 'path'],
  },
  x509: {
    src: ['core', 'ports'],
    npm: ['@peculiar/x509', 'reflect-metadata'],
    builtin: ['crypto'],
  },
  preflight: { src: ['core', 'x509'], npm: [], builtin: ['crypto'] },
  policy: { src: ['core', 'ports', 'x509'], npm: ['@marcbachmann/cel-js'], builtin: [] },
  signers: {
    src: ['core', 'ports'],
    npm: ['age-encryption', 'pkcs11js'],
    builtin: ['fs', 'fs/promises', 'os', 'path', 'crypto', 'child_process'],
  },
  storage: {
    src: ['core', 'ports', 'files'],
    npm: ['level'],
    builtin: ['fs', 'fs/promises', 'path', 'crypto'],
  },
  service: { src: ['core', 'ports'], npm: [], builtin: [] },
  http2: { src: [], npm: [], builtin: [] },
  grpc: {
    src: ['core', 'ports', 'wire', 'service', 'http2'],
    npm: ['@grpc/grpc-js', '@grpc/reflection', 'grpc-health-check'],
    builtin: [
      'cluster',
      'crypto',
      'fs',
      'fs/promises',
      'module',
      'net',
      'path',
      'stream',
      'tls',
      'url',
    ],
  },
  http: { src: ['core', 'ports', 'service'], npm: [], builtin: ANY_BUILTIN },
  client: {
    src: ['core', 'ports', 'files', 'wire'],
    npm: ['@grpc/grpc-js'],
    builtin: [
      'async_hooks',
      'crypto',
      'diagnostics_channel',
      'events',
      'fs',
      'fs/promises',
      'http',
      'http2',
      'https',
      'net',
      'path',
      'stream',
      'timers',
      'timers/promises',
      'tls',
    ],
  },
  node: {
    src: [
      'core',
      'ports',
      'files',
      'wire',
      'x509',
      'policy',
      'signers',
      'storage',
      'service',
      'grpc',
      'http',
    ],
    npm: ['yaml', 'zod'],
    builtin: ANY_BUILTIN,
  },
  rehearsal: { src: ['core', 'ports', 'client'], npm: [], builtin: ANY_BUILTIN },
  cli: {
    src: [
      'core',
      'ports',
      'files',
      'x509',
      'policy',
      'preflight',
      'signers',
      'client',
      'node',
      'rehearsal',
    ],
    npm: ['pino', 'commander', 'yaml'],
    builtin: ANY_BUILTIN,
  },
  testing: {
    src: [
      'core',
      'ports',
      'wire',
      'x509',
      'signers',
      'storage',
      'service',
      'grpc',
      'http',
      'client',
      'node',
    ],
    npm: ['@grpc/grpc-js'],
    builtin: ANY_BUILTIN,
  },
};

/** What must never be loaded by a program that embeds the SDK, not even indirectly. */
const NOT_IN_THE_SDK =
  '^src/(node|storage|service|x509|policy|preflight|signers|grpc|http2|http|cli|rehearsal)/' +
  '|^src/testing/' +
  '|^node_modules/(level|classic-level|@peculiar|@marcbachmann|age-encryption)/' +
  '|^node_modules/(pino|zod|yaml|commander)/';

/** What must never be loaded by the process that does TLS with programs. */
const NOT_IN_WORKERS =
  '^src/(http2|wire|service|storage|node|http|x509|policy|signers|client|cli)/' +
  '|^src/core/(?!errors|renegotiation)|^src/grpc/calls/|^node_modules/';

function layerRules([layer, { src, npm, builtin }]) {
  const from = { path: `^src/${layer}/` };
  return [
    {
      name: `${layer}-imports-layers`,
      comment: `src/${layer} may import: ${src.join(', ') || 'nothing else'}`,
      severity: 'error',
      from,
      to: {
        path: '^(src|test|demo|bench|sim|scripts)/',
        pathNot: `^src/(${[layer, ...src].join('|')})/`,
      },
    },
    {
      name: `${layer}-imports-packages`,
      comment: `src/${layer} may use: ${npm.join(', ') || 'no npm package'}`,
      severity: 'error',
      from,
      to: {
        dependencyTypes: [
          'npm',
          'npm-dev',
          'npm-optional',
          'npm-peer',
          'npm-no-pkg',
          'npm-unknown',
        ],
        ...(npm.length > 0 ? { pathNot: `node_modules/(${npm.join('|')})/` } : {}),
      },
    },
    {
      name: `${layer}-imports-builtins`,
      comment: `src/${layer} may use: ${builtin.join(', ') || 'no builtin module'}`,
      severity: 'error',
      from: layer === 'core' ? { ...from, pathNot: '^src/core/(crypto|ml-dsa)\\.ts$' } : from,
      to: {
        dependencyTypes: ['core'],
        ...(builtin.length > 0 ? { pathNot: `^(node:)?(${builtin.join('|')})$` } : {}),
      },
    },
  ];
}

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...Object.entries(LAYERS).flatMap(layerRules),
    {
      name: 'core-crypto-imports-crypto-only',
      severity: 'error',
      from: { path: '^src/core/crypto\\.ts$' },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?crypto$' },
    },
    {
      name: 'core-ml-dsa-imports-module-only',
      comment: 'it loads its package when the first such key is used',
      severity: 'error',
      from: { path: '^src/core/ml-dsa\\.ts$' },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?module$' },
    },
    {
      name: 'ml-dsa-alone-has-the-package',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/core/ml-dsa\\.ts$' },
      to: { path: 'node_modules/@noble/' },
    },
    {
      name: 'ml-dsa-loads-it-on-demand',
      severity: 'error',
      from: { path: '^src/core/ml-dsa\\.ts$' },
      to: { path: 'node_modules/@noble/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'folder-without-a-row',
      comment: 'a new folder of src/ needs a row in the table above and in docs/ARCHITECTURE.md',
      severity: 'error',
      from: { path: '^src/[^/]+/', pathNot: `^src/(${Object.keys(LAYERS).join('|')})/` },
      to: {},
    },
    {
      name: 'tls-workers-load-little',
      comment: 'a worker does TLS: it knows no store, no statements, no gRPC',
      severity: 'error',
      from: { path: '^src/grpc/workers/main\\.ts$' },
      to: { path: NOT_IN_WORKERS, reachable: true },
    },
    {
      name: 'index-lists-the-sdk',
      severity: 'error',
      from: { path: '^src/index\\.ts$' },
      to: { pathNot: '^src/(core|ports|client)/' },
    },
    {
      name: 'sdk-loads-little',
      comment:
        'an application that embeds the SDK never loads the node, the store or X.509 parsing',
      severity: 'error',
      from: { path: '^src/(index\\.ts$|client/)' },
      to: { path: NOT_IN_THE_SDK, reachable: true },
    },
    {
      name: 'cli-loads-commands-on-demand',
      comment: 'kedge --help must not load gRPC, LevelDB or X.509 parsing',
      severity: 'error',
      from: { path: '^src/cli/main\\.ts$' },
      to: { path: '^src/(node|client|x509|policy|preflight|signers)/', dynamic: false },
    },
    {
      name: 'examples-use-the-public-names',
      severity: 'error',
      from: { path: '^examples/' },
      to: { path: '^src/', pathNot: '^src/index\\.ts$' },
    },
    {
      name: 'no-circular',
      comment: 'types and imports on demand count too: files in a circle cannot be read one by one',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-unresolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'no-dev-packages-in-src',
      severity: 'error',
      // An optional peer is there for its tests only; people who need it install it.
      from: { path: '^src/' },
      to: {
        dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'],
        dependencyTypesNot: ['npm-peer'],
      },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    combinedDependencies: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'types', 'default'],
      extensions: ['.ts', '.js', '.mjs', '.cjs', '.json'],
    },
    skipAnalysisNotInRules: false,
  },
};
