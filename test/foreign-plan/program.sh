#!/bin/sh
# A program in no language that Testground has an SDK for: it honours the environment, and says how it went on its output.
printf '%s\n' "$TEST_INSTANCE_PARAMS" > "$TEST_OUTPUTS_PATH/params.txt"

case "$TEST_CASE" in
  failure) echo "{\"event\":{\"failure_event\":{\"group\":\"$TEST_GROUP_ID\",\"error\":\"as asked\"}}}"; exit 1 ;;
  *) echo "{\"event\":{\"success_event\":{\"group\":\"$TEST_GROUP_ID\"}}}" ;;
esac
