import stylistic from '@stylistic/eslint-plugin'
import tseslint from 'typescript-eslint'

/**
 * The import walls of the design: which rooms each room may import. A room that is not
 * listed here (test, scripts) may import all.
 */
const walls = {
  peersdb: [],
  network: [],
  plans: ['peersdb', 'network'],
  runners: ['plans', 'network'],
  analysis: [],
  cli: ['runners', 'analysis', 'peersdb']
}
const rooms = Object.keys(walls)

function wall (room) {
  const forbidden = rooms.filter((other) => other !== room && !walls[room].includes(other))
  const allowed = walls[room].length > 0 ? walls[room].join(' and ') : 'no other room'
  return {
    files: [`${room}/**/*.ts`],
    ignores: ['**/*.test.ts', '**/*.test-helper.ts', '**/*.bench.ts'],
    rules: {
      'no-restricted-imports': ['error', {
        patterns: [{
          regex: `^(\\.\\./)+(${forbidden.join('|')})/`,
          message: `${room}/ may import ${allowed}: see the rooms in the README.`
        }]
      }]
    }
  }
}

export default tseslint.config(
  { ignores: ['dist/', 'runs/', 'node_modules/', 'scripts/node/'] },
  stylistic.configs.customize({
    semi: false,
    quotes: 'single',
    commaDangle: 'never',
    braceStyle: '1tbs',
    arrowParens: true
  }),
  {
    rules: {
      '@stylistic/space-before-function-paren': ['error', 'always'],
      '@stylistic/max-statements-per-line': ['error', { max: 3 }],
      '@stylistic/generator-star-spacing': ['error', { before: true, after: true }],
      '@stylistic/yield-star-spacing': ['error', { before: true, after: true }],
      '@stylistic/quote-props': ['error', 'as-needed'],
      '@stylistic/operator-linebreak': ['error', 'after', { overrides: { '?': 'before', ':': 'before', '|': 'before' } }],
      '@stylistic/max-len': ['error', { code: 140, ignoreStrings: true, ignoreTemplateLiterals: true, ignoreUrls: true }],
      'max-lines-per-function': ['error', { max: 70, skipComments: true }],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-console': 'error'
    }
  },
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.recommended],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { arguments: false } }],
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'separate-type-imports' }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/no-explicit-any': 'error'
    }
  },
  { files: ['**/*.test.ts', 'test/**/*.ts'], rules: { 'max-lines-per-function': 'off' } },
  { files: ['scripts/**'], rules: { 'no-console': 'off' } },
  ...rooms.map(wall)
)
