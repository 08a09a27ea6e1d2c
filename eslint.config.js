/**
 * Lint rules: what the compiler and the formatter do not check.
 *
 * Formatting and import order belong to Biome, layers to dependency-cruiser, dead code to knip. The
 * comments beside a rule say why it is here and not at its default.
 *
 * @module
 */
import { builtinModules } from 'node:module';
import tseslint from 'typescript-eslint';

const NO_ENUM = {
  selector: 'TSEnumDeclaration',
  message: 'Use a union of string literals; enums are not erasable.',
};
const NO_DEFAULT_EXPORT = {
  selector: 'ExportDefaultDeclaration',
  message: 'Export by name, so that a thing has one name everywhere.',
};
const NO_BOOLEAN_PARAMETER = {
  selector:
    ':matches(FunctionDeclaration, MethodDefinition > FunctionExpression) > Identifier.params' +
    ' > TSTypeAnnotation > TSBooleanKeyword',
  message: 'A call with a bare true says nothing; take an options object or a string union.',
};
// The option is silently ignored or refused, depending on the Node version (conformance J06).
const NO_SIGN_CONTEXT = {
  selector:
    'CallExpression' +
    ':matches([callee.name=/^(sign|verify)$/], [callee.property.name=/^(sign|verify)$/])' +
    ' > ObjectExpression > Property[key.name="context"]',
  message: 'Never use the `context` option of crypto.sign or crypto.verify.',
};
const EVERYWHERE = [NO_ENUM, NO_BOOLEAN_PARAMETER, NO_SIGN_CONTEXT];

const NO_ASYNC = [
  { selector: ':function[async=true]', message: 'src/core is synchronous.' },
  { selector: 'AwaitExpression', message: 'src/core is synchronous.' },
  {
    selector: 'NewExpression[callee.name="Promise"]',
    message: 'src/core is synchronous.',
  },
];
const NO_CLOCK = {
  selector: 'NewExpression[callee.name="Date"][arguments.length=0]',
  message: 'src/core has no clock: take nowMs.',
};
// crypto.ts alone may import node:crypto, so the word `context` has no business there at all.
const NO_CONTEXT_KEY = {
  selector: 'Property[key.name="context"]',
  message: 'Never use the `context` option of crypto.sign or crypto.verify.',
};

const IMPURE_GLOBALS = [
  'process',
  'console',
  'performance',
  'crypto',
  'fetch',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'clearTimeout',
  'clearInterval',
  'queueMicrotask',
].map((name) => ({ name, message: 'src/core is pure: take it as input or return an effect.' }));

/** Every builtin under both of its names, except one. */
function builtinsExcept(allowed) {
  return builtinModules
    .filter((name) => name !== allowed && !name.startsWith('_'))
    .flatMap((name) => [name, `node:${name}`]);
}

export default tseslint.config(
  {
    ignores: ['dist', 'coverage', 'reports', 'tmp', '.stryker-tmp', 'src/wire/gen', 'node_modules'],
  },
  {
    files: ['**/*.ts', '**/*.mjs'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      curly: ['error', 'multi-line'],
      eqeqeq: 'error',
      'no-console': 'error',
      'no-constant-condition': ['error', { checkLoops: false }],
      'no-control-regex': 'error',
      'no-empty': 'error',
      'no-fallthrough': 'error',
      'no-param-reassign': 'error',
      'no-promise-executor-return': 'error',
      'no-restricted-syntax': ['error', ...EVERYWHERE, NO_DEFAULT_EXPORT],
      'no-self-compare': 'error',
      'no-unreachable': 'error',
      'no-unreachable-loop': 'error',
      'no-unsafe-finally': 'error',
      'no-unused-private-class-members': 'error',
      'no-useless-assignment': 'error',
      'no-useless-catch': 'error',
      'no-var': 'error',
      'object-shorthand': 'error',
      'prefer-const': 'error',
      'require-atomic-updates': 'off',
      'max-lines': ['error', 300],
      'max-lines-per-function': ['error', { max: 60, skipComments: true }],
      complexity: ['error', 20],
      '@typescript-eslint/consistent-type-assertions': ['error', { assertionStyle: 'never' }],
      '@typescript-eslint/consistent-type-exports': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true },
      ],
      '@typescript-eslint/no-explicit-any': 'error',
      // isolatedDeclarations demands `: number = 5` on exports.
      '@typescript-eslint/no-inferrable-types': 'off',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-unnecessary-condition': [
        'error',
        { allowConstantLoopConditions: 'only-allowed-literals' },
      ],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true },
      ],
      '@typescript-eslint/prefer-readonly': 'error',
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/strict-boolean-expressions': [
        'error',
        { allowNumber: false, allowString: false, allowNullableObject: true },
      ],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        {
          allowDefaultCaseForExhaustiveSwitch: false,
          considerDefaultExhaustiveForUnions: false,
          requireDefaultForNonUnion: false,
        },
      ],
    },
  },
  {
    // Brands are made here and nowhere else; wire/ sees generated types that lie about bounds.
    files: ['src/core/ids.ts', 'src/wire/**'],
    rules: { '@typescript-eslint/consistent-type-assertions': 'off' },
  },
  {
    files: ['src/core/**'],
    rules: {
      'no-restricted-globals': ['error', ...IMPURE_GLOBALS],
      'no-restricted-imports': ['error', { paths: builtinsExcept(undefined) }],
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: 'src/core has no clock: take nowMs.' },
        { object: 'Math', property: 'random', message: 'src/core has no randomness: take rng.' },
      ],
      'no-restricted-syntax': ['error', ...EVERYWHERE, NO_DEFAULT_EXPORT, ...NO_ASYNC, NO_CLOCK],
    },
  },
  {
    files: ['src/core/crypto.ts'],
    rules: { 'no-restricted-imports': ['error', { paths: builtinsExcept('crypto') }] },
  },
  {
    files: ['src/core/crypto.ts', 'src/core/ml-dsa.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        ...EVERYWHERE,
        NO_DEFAULT_EXPORT,
        ...NO_ASYNC,
        NO_CLOCK,
        NO_CONTEXT_KEY,
      ],
    },
  },
  {
    // Loads its package when the first such key is used.
    files: ['src/core/ml-dsa.ts'],
    rules: { 'no-restricted-imports': ['error', { paths: builtinsExcept('module') }] },
  },
  {
    // Programs that talk to people on a terminal.
    files: [
      'src/cli/**',
      'demo/**',
      'bench/**',
      'sim/**',
      'examples/**',
      'scripts/**',
      'test/conformance/**',
    ],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['test/**'],
    rules: {
      'max-lines': ['error', 500],
      'max-lines-per-function': 'off',
      'no-promise-executor-return': 'off',
      '@typescript-eslint/consistent-type-assertions': 'off',
      // Matchers like expect.any() and decoded JSON are `any`; what they hold is what is tested.
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/no-empty-function': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    // JSDoc types the plain scripts, but cannot say what JSON.parse yields.
    files: ['**/*.mjs'],
    rules: {
      '@typescript-eslint/explicit-module-boundary-types': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
  {
    files: ['*.config.ts'],
    rules: { 'no-restricted-syntax': ['error', ...EVERYWHERE] },
  },
);
