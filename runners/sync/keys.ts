/** The part of a run's identity that scopes its keys: TEST_RUN, TEST_PLAN and TEST_CASE of an instance's environment. */
function scope (run: string, plan: string, testCase: string): string {
  return `run:${run}:plan:${plan}:case:${testCase}`
}

/**
 * The keys that Testground's clients build (identical in Go, JavaScript and Rust). The service itself knows no
 * namespaces: a runner that wants to meet its instances must spell the keys exactly so.
 */
export const syncKeys = {
  state: (run: string, plan: string, testCase: string, name: string): string => `${scope(run, plan, testCase)}:states:${name}`,
  topic: (run: string, plan: string, testCase: string, name: string): string => `${scope(run, plan, testCase)}:topics:${name}`,
  /** The topic to which instances publish their run events: start, success, failure, crash, message, stage. */
  events: (run: string, plan: string, testCase: string): string => `${scope(run, plan, testCase)}:run_events`
}
