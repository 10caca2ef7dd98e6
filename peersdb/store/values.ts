import type { Database } from './database.ts'

/** Small JSON values by namespace and key, such as verdicts. */
export interface Values {
  /** Undefined where there is none. What it is, is to be checked by those who wrote it. */
  get (namespace: string, key: string): unknown
  put (namespace: string, key: string, value: unknown): void
  /** True when there was one. */
  delete (namespace: string, key: string): boolean
  /** All of a namespace, sorted by key. */
  list (namespace: string): Array<{ key: string, value: unknown }>
}

interface Row { key: string, json: string }

export function createValues (database: Database): Values {
  return {
    get: (namespace, key) => {
      const row = database.get<Row>('SELECT json FROM json_values WHERE namespace = ? AND key = ?', namespace, key)
      return row == null ? undefined : JSON.parse(row.json)
    },
    put: (namespace, key, value) => {
      database.run('INSERT INTO json_values (namespace, key, json) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET json = excluded.json',
        namespace, key, JSON.stringify(value))
    },
    delete: (namespace, key) =>
      database.run('DELETE FROM json_values WHERE namespace = ? AND key = ?', namespace, key).changes !== 0,
    list: (namespace) => database.all<Row>('SELECT key, json FROM json_values WHERE namespace = ? ORDER BY key', namespace)
      .map(({ key, json }) => ({ key, value: JSON.parse(json) as unknown }))
  }
}
