import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { group, head, makeDesk } from './files.test-helper.ts'
import type { Desk } from './files.test-helper.ts'

let desk: Desk
beforeAll(async () => { desk = await makeDesk() })
afterAll(async () => { await desk.clear() })

describe('a bad composition is refused with place and cure:', () => {
  const params = (text: string): string => `${head}[global.run.test_params]\n${text}\n${group}`
  const runs = (text: string): string => `${head}${group}[[runs]]\n${text}`
  it.each<[string, string, string]>([
    ['unknown key in a group', head + group + 'grup = 1',
      'quick.toml:7: unknown key "grup" in [[groups]]; the keys are id, builder, instances, resources, build, build_config, run'],
    ['unknown key at the top', `${head}${group}[[rusn]]\nid = "x"`,
      'quick.toml:7: unknown key "rusn" at the top level; did you mean "runs"?'],
    ['unknown key like no other', `${head}zzzzzz = 1\n${group}`,
      'quick.toml:4: unknown key "zzzzzz" in [global]; the keys are plan, case, runner, builder, total_instances, concurrent_builds, disable_metrics, build, build_config, run, run_config'],
    ['known key one table too high', `${head}${group}[groups.test_params]\nn = "5"`,
      'quick.toml:7: unknown key "test_params" in [[groups]]; write it in [groups.run]'],
    ['unknown key in an inline table', `${head}[[groups]]\nid = "a"\ninstances = { cuont = 2 }`,
      'quick.toml:6: unknown key "cuont" in [groups.instances]; did you mean "count"?'],
    ['unknown key in a dotted key', `${head}run.test_parms.n = "5"\n${group}`,
      'quick.toml:4: unknown key "test_parms" in [global.run]; did you mean "test_params"?'],
    ['misspelt key that is also missing', `[global]\npaln = "peersdb"\ncase = "replication"\n${group}`,
      'quick.toml:2: unknown key "paln" in [global]; did you mean "plan"?'],
    ['unknown key in the second of several tables', `${head}${group}${group.replace('peers', 'more')}\nids = 1`,
      'quick.toml:11: unknown key "ids" in [[groups]]; did you mean "id"?'],
    ['unknown key in a list of inline tables', `groups = [\n  { id = "a", instances.count = 2 },\n  { id = "b", kount = 2 }\n]\n${head}`,
      'quick.toml:3: unknown key "kount" in [[groups]]; the keys are id, builder, instances, resources, build, build_config, run'],
    ['number for a parameter', params('gap_ms = "1"\nn = 5'),
      'quick.toml:6: "n" in [global.run.test_params] must be a string, but it is the integer 5; write n = "5"'],
    ['float for a parameter in a dotted key', `${head}${group}run.test_params.gap_ms = 1.50`,
      'quick.toml:7: "gap_ms" in [groups.run.test_params] must be a string, but it is the float 1.5; write gap_ms = "1.5"'],
    ['boolean for a parameter in an inline table', `${head}${group}run = { test_params = { loud = true } }`,
      'quick.toml:7: "loud" in [groups.run.test_params] must be a string, but it is the boolean true; write loud = "true"'],
    ['array for a parameter', params('regions = ["a",\n "b"]'),
      'quick.toml:5: "regions" in [global.run.test_params] must be a string, but it is an array; write regions = "a,b"'],
    ['date for a parameter', params('role = 2024-01-02'),
      'quick.toml:5: "role" in [global.run.test_params] must be a string, but it is the local date 2024-01-02; write role = "2024-01-02"'],
    ['string for a number', `${head}[[groups]]\nid = "a"\ninstances = { count = "4" }`,
      'quick.toml:6: "count" in [groups.instances] must be a whole number, but it is the string "4"; write count = 4'],
    ['fraction for a whole number', `${head}[[groups]]\nid = "a"\ninstances.count = 1.5`,
      'quick.toml:6: "count" in [groups.instances] must be a whole number, but it is the float 1.5; write a whole number without quotes'],
    ['negative count', `${head}[[groups]]\nid = "a"\ninstances.count = -1`,
      'quick.toml:6: "count" in [groups.instances] must not be negative; write 0 or more'],
    ['percentage above one', `${head}[[groups]]\nid = "a"\ninstances.percentage = 25`,
      'quick.toml:6: "percentage" in [groups.instances] must lie between 0 and 1; a quarter of the total is percentage = 0.25'],
    ['string for a boolean', `${head}disable_metrics = "true"\n${group}`,
      'quick.toml:4: "disable_metrics" in [global] must be true or false, but it is the string "true"; write disable_metrics = true'],
    ['table for a list of tables', `${head}[groups]\nid = "a"`,
      'quick.toml:4: "groups" must be a list of tables, but it is a table; write [[groups]] with two brackets'],
    ['value for a table', `global = 5\n${group}`,
      'quick.toml:1: "global" must be a table, but it is the integer 5; write [global] and its keys below'],
    ['string for a list', `${head}build.selectors = "a"\n${group}`,
      'quick.toml:4: "selectors" in [global.build] must be a list, but it is the string "a"; write selectors = [...]'],
    ['wrong item of a list', `${head}build.selectors = ["a",\n5]\n${group}`,
      'quick.toml:5: item 2 of "selectors" in [global.build] must be a string, but it is the integer 5; write it as "5"'],
    ['missing key', `# nothing\n[global]\nplan = "peersdb"\n${group}`,
      'quick.toml:2: [global] lacks "case"; add case = "..."'],
    ['missing key of a table that is first named deeper', `[global.run.test_params]\nn = "5"\n[global]\nplan = "peersdb"\n${group}`,
      'quick.toml:3: [global] lacks "case"; add case = "..."'],
    ['two mistakes: the first in the file', `${group}two = 2\n${head}one = 1`,
      'quick.toml:4: unknown key "two" in [[groups]]; the keys are id, builder, instances, resources, build, build_config, run'],
    ['missing table', group, 'quick.toml:1: [global] is missing; add it with plan and case'],
    ['no groups', head, 'quick.toml:1: [[groups]] is missing; add at least one, with id'],
    ['empty list of groups', `groups = []\n${head}`, 'quick.toml:1: "groups" is empty; add a group with id and instances'],
    ['empty file', '', 'quick.toml:1: [global] is missing; add it with plan and case'],
    ['run without groups', runs('id = "one"'), 'quick.toml:7: [[runs.groups]] is missing; add at least one, with id'],
    ['reserved key', `${head}__proto__.x = "1"\n${group}`, 'quick.toml:4: unknown key "__proto__"; delete it'],
    ['key that objects inherit', `${head}constructor = "1"\n${group}`.replace('[global]', '[global] # c'),
      'quick.toml:4: unknown key "constructor" in [global]; the keys are plan, case, runner, builder, total_instances, concurrent_builds, disable_metrics, build, build_config, run, run_config'],

    ['other plan', head.replace('peersdb', 'peerdb') + group,
      'quick.toml:2: there is no plan "peerdb", neither as a directory beside the composition nor in Testground\'s home, where it would have a manifest.toml; write plan = "peersdb", or the path of such a directory'],
    ['case that is not there', head.replace('replication', 'churn') + group,
      'quick.toml:3: plan "peersdb" has no test case "churn"; the cases are replication, link'],
    ['misspelt case', head.replace('replication', 'replicaton') + group,
      'quick.toml:3: plan "peersdb" has no test case "replicaton"; write case = "replication"; the cases are replication, link'],
    ['case named like an inherited property', head.replace('replication', 'toString') + group,
      'quick.toml:3: plan "peersdb" has no test case "toString"; the cases are replication, link'],
    ['runner that is not in the manifest', `${head}runner = "local:exec"\n${group}`,
      'quick.toml:4: plan "peersdb" is not made for runner "local:exec"; the runners are local:docker, cluster:k8s'],
    ['builder that is not in the manifest', `${head}${group}builder = "docker:go"`,
      'quick.toml:7: plan "peersdb" is not made for builder "docker:go"; the only builder is "docker:generic"'],

    ['percentage without a total', `${head}[[groups]]\nid = "a"\ninstances = { percentage = 0.5 }`,
      'quick.toml:6: percentage of group "a" needs a total; add total_instances to [global], or write a count instead'],
    ['percentage without a total in a run', `${head}[[groups]]\nid = "a"\n[[runs]]\nid = "r"\n[[runs.groups]]\nid = "a"\ninstances.percentage = 0.5`,
      'quick.toml:10: percentage of group "a" needs a total; add total_instances to [global] or to the run, or write a count instead'],
    ['counts that are not the total', `${head}total_instances = 5\n${group}`,
      'quick.toml:4: total_instances is 5, but the groups of run "default" add up to 4 (peers 4); write total_instances = 4 or change the groups'],
    ['percentages that are not the total', `${head}total_instances = 10\n[[groups]]\nid = "a"\ninstances.percentage = 0.25\n[[groups]]\nid = "b"\ninstances.percentage = 0.75`,
      'quick.toml:4: total_instances is 10, but the groups of run "default" add up to 11 (a 3 + b 8); write total_instances = 11 or change the groups'],
    ['counts that are not the total of a run', runs('id = "r"\ntotal_instances = 9\n[[runs.groups]]\nid = "peers"'),
      'quick.toml:9: total_instances is 9, but the groups of run "r" add up to 4 (peers 4); write total_instances = 4 or change the groups'],
    ['count and percentage', `${head}total_instances = 4\n[[groups]]\nid = "a"\ninstances = { count = 4, percentage = 1.0 }`,
      'quick.toml:7: [groups.instances] has both a count and a percentage, and Testground would take the count; delete one of them'],
    ['percentage of a run against the count of its group', `${head}${group}[[runs]]\nid = "r"\ntotal_instances = 8\n[[runs.groups]]\nid = "peers"\ninstances.percentage = 1.0`,
      'quick.toml:12: percentage of [[runs.groups]] "peers" would lose against the count of group "peers", because Testground merges the two and takes the count; write a count here too'],
    ['no instances', `${head}[[groups]]\nid = "a"`,
      'quick.toml:4: group "a" of run "default" has no instances; write instances = { count = 1 } or leave the group out'],
    ['percentage that leaves none', `${head}total_instances = 4\n[[groups]]\nid = "a"\ninstances.percentage = 0.1`,
      'quick.toml:7: percentage 0.1 of 4 instances leaves none for group "a" of run "default"; write a larger percentage or a count'],
    ['too few instances', head + group.replace('4', '1'),
      'quick.toml:4: run "default" has 1 instance, but test case "replication" takes 2 to 10; change the counts of its groups'],
    ['too many instances', `${head}total_instances = 11\n${group.replace('4', '11')}`,
      'quick.toml:4: run "default" has 11 instances, but test case "replication" takes 2 to 10; change the counts of its groups'],
    ['too many instances in a run', runs('id = "r"\n[[runs.groups]]\nid = "peers"\ninstances.count = 50'),
      'quick.toml:7: run "r" has 50 instances, but test case "replication" takes 2 to 10; change the counts of its groups'],

    ['group twice', head + group + group, 'quick.toml:8: id "peers" of [[groups]] is taken by line 5; give each its own id'],
    ['run twice', runs('id = "r"\n[[runs.groups]]\nid = "peers"\n[[runs]]\nid = "r"\n[[runs.groups]]\nid = "peers"'),
      'quick.toml:12: id "r" of [[runs]] is taken by line 8; give each its own id'],
    ['group of a run twice', runs('id = "r"\n[[runs.groups]]\nid = "peers"\n[[runs.groups]]\nid = "peers"'),
      'quick.toml:12: id "peers" of [[runs.groups]] is taken by line 10; give each its own id'],
    ['id that leaves its folder', head + group.replace('peers', '../peers'),
      'quick.toml:5: id "../peers" of [[groups]] cannot be a folder name; use letters, digits, "-", "_" and "."'],
    ['empty id', head + group.replace('peers', ''),
      'quick.toml:5: id "" of [[groups]] cannot be a folder name; use letters, digits, "-", "_" and "."'],
    ['unknown group of a run', runs('id = "r"\n[[runs.groups]]\nid = "pers"'),
      'quick.toml:10: there is no group "pers" in [[groups]]; did you mean "peers"?'],
    ['unknown group_id of a run', runs('id = "r"\n[[runs.groups]]\nid = "a"\ngroup_id = "others"'),
      'quick.toml:11: there is no group "others" in [[groups]]; the only group is "peers"'],

    ['parameter that is not declared', params('gap = "5"'),
      'quick.toml:5: test case "replication" has no parameter "gap"; the parameters are n, gap_ms, loud, role, corpus, network, regions, note'],
    ['misspelt parameter', params('"corpsu" = "x"'),
      'quick.toml:5: test case "replication" has no parameter "corpsu"; did you mean "corpus"?'],
    ['parameter that another level beats', runs('id = "r"\ntest_params.n = "x"\n[[runs.groups]]\nid = "peers"\ntest_params.n = "5"'),
      'quick.toml:9: parameter "n" must be a whole number, but is "x"; write n = "60"'],
    ['no whole number', params('n = "5.5"'), 'quick.toml:5: parameter "n" must be a whole number, but is "5.5"; write n = "60"'],
    ['too large a whole number', params('n = "9007199254740993"'),
      'quick.toml:5: parameter "n" must be a whole number, but is "9007199254740993"; write n = "60"'],
    ['empty number', params('n = ""'), 'quick.toml:5: parameter "n" must be a whole number, but is ""; write n = "60"'],
    ['no number', params('gap_ms = "1s"'), 'quick.toml:5: parameter "gap_ms" must be a number, but is "1s"; write gap_ms = "100"'],
    ['no boolean', params('loud = "yes"'), 'quick.toml:5: parameter "loud" must be true or false, but is "yes"; write loud = "false"'],
    ['"=" in a value', params('role = "a=b"'),
      'quick.toml:5: parameter "role" contains "=", which Testground\'s parameter list k=v|k=v cannot carry; write the value without it'],
    ['"|" in a path', params('corpus = "/a|b"'),
      'quick.toml:5: parameter "corpus" contains "|", which Testground\'s parameter list k=v|k=v cannot carry; write the value without it'],

    ['syntax error', `${head}runner = local\n${group}`,
      'quick.toml:4: is not valid TOML at "runner = local" (unexpected character); correct the line (a table is [name], a value is key = "text" or key = 5)'],
    ['open table header', `${head}${group}[[runs]\n\n`,
      'quick.toml:7: is not valid TOML at "[[runs]" (unterminated table-key); correct the line (a table is [name], a value is key = "text" or key = 5)'],
    ['what only TOML 1.1 allows', `${head}[[groups]]\nid = "a"\ninstances = { count = 4, }`,
      'quick.toml:6: is not valid TOML at "instances = { count = 4, }" (trailing comma is not permitted in an inline table); correct the line (a table is [name], a value is key = "text" or key = 5)'],
    ['long line that is cut', `${head}runner = ${'x'.repeat(100)}`,
      `quick.toml:4: is not valid TOML at "runner = ${'x'.repeat(48)}..." (unexpected character); correct the line (a table is [name], a value is key = "text" or key = 5)`],
    ['key twice', `${head}plan = "peersdb"\n${group}`,
      'quick.toml:4: is not valid TOML at "plan = "peersdb"" (defining a key multiple times is invalid); keep one of the two'],
    ['template', `${head}\n# one per node\ntotal_instances = {{ .Env.NODES }}\n`,
      'quick.toml:6: the environment variable NODES is not set; set it']
  ])('%s', async (_, text, sentence) => {
    expect(await desk.refusal(text)).toBe(sentence)
  })
})

describe('a bad --set is refused with the option and a cure:', () => {
  it.each<[string, Record<string, string>, string]>([
    ['not declared', { foo: '1' },
      '--set foo=1: test case "replication" has no parameter "foo"; the parameters are n, gap_ms, loud, role, corpus, network, regions, note'],
    ['misspelt', { rol: 'x' }, '--set rol=x: test case "replication" has no parameter "rol"; did you mean "role"?'],
    ['inherited name', { toString: 'x' },
      '--set toString=x: test case "replication" has no parameter "toString"; the parameters are n, gap_ms, loud, role, corpus, network, regions, note'],
    ['wrong type', { n: 'many' }, '--set n=many: parameter "n" must be a whole number, but is "many"; write --set n=60'],
    ['"="', { role: 'a=b' },
      '--set role=a=b: parameter "role" contains "=", which Testground\'s parameter list k=v|k=v cannot carry; write the value without it']
  ])('%s', async (_, set, sentence) => {
    expect(await desk.refusal(head + group, set)).toBe(sentence)
  })

  it('a case without parameters', async () => {
    expect(await desk.refusal(head.replace('replication', 'link') + group, { n: '1' }))
      .toBe('--set n=1: test case "link" has no parameter "n"; there are no parameters')
  })
})
