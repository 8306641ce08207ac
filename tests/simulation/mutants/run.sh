#!/usr/bin/env bash
# run.sh SOURCE_DIR BUILD_DIR: proves that the simulation sees what it is for. Each mutant is one bug in a core (a file, what is
# there, what the bug makes of it); the simulation linked with it has to fail. A mutant that does not apply any more, or that nobody
# notices, fails this test.
set -euo pipefail
source_dir=$1
build=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

survivors=0
mutant() { # NAME FILE FROM TO
  local name=$1 file=$2 from=$3 to=$4
  local mutated=$work/$(basename "$file")
  FROM=$from TO=$to perl -0pe 's/\Q$ENV{FROM}\E/$ENV{TO}/ or die "does not apply\n"' "$source_dir/$file" >"$mutated" ||
    { echo "FAIL $name: what it changes in $file is not there"; survivors=$((survivors + 1)); return; }
  rm -f "$work/mutant.o" "$work/simulation"  # of the one before
  # Compiled as the build does it, and linked before the library that has the right one.
  (cd "$build" && eval "$(compile_of "$file" "$mutated" "$work/mutant.o")" && eval "$(link_with "$work/mutant.o" "$work/simulation")")
  if timeout 120 "$work/simulation" >"$work/log" 2>&1; then
    echo "FAIL $name: nobody noticed"
    survivors=$((survivors + 1))
  else
    echo "ok   $name: $(grep -m1 -oE 'FleetSimulation\.[A-Za-z]+' <(grep '  FAILED' "$work/log") || tail -n1 "$work/log")"
  fi
}

commands=$(ninja -C "$build" -t commands simulation_test)
compile_of() { # FILE MUTATED OBJECT
  grep -F -- "-c $source_dir/$1" <<<"$commands" | head -n1 |
    sed -e "s|-c $source_dir/$1|-c $2|" -e "s|-o [^ ]*\.o|-o $3|" -e 's|-MD -MT [^ ]* -MF [^ ]*||'
}
link_with() { # OBJECT PROGRAM
  grep -E -- '-o bin/simulation_test' <<<"$commands" | head -n1 | sed -e 's|^: && ||' -e 's| && :$||' -e "s|-o bin/simulation_test|$1 -o $2|"
}

mutant 'deltas are not deduplicated' controller/fleet/agent_seat.cc \
  'if (sequence <= given_) return Verdict::kGiven;' 'if (sequence <= given_) return Verdict::kNext;'
mutant 'a gap is accepted' controller/fleet/agent_seat.cc \
  'if (sequence != given_ + 1) return Verdict::kGap;' ''
mutant 'a delta is acknowledged before it is on the disk' controller/fleet/fleet.cc \
  'reply.mutable_heartbeat()->set_durable_sequence(seat.deltas.kept());' \
  'reply.mutable_heartbeat()->set_durable_sequence(seat.deltas.given());'
mutant 'users start elsewhere before the lost agent has ended' controller/fleet/fleet_losses.cc \
  'at_ns = std::max({now_ns_ + options_.take_ahead_ns, at_ns, start_ns_});' 'at_ns = now_ns_;'
mutant 'users are taken before they were given' controller/fleet/fleet_joins.cc \
  'SendGive(*from, give);' 'SendGive(*from, give); Release(*from, give.number, now_ns_);'
mutant 'who parked has given at once' controller/fleet/fleet_losses.cc \
  'Release(seat, std::numeric_limits<uint64_t>::max(), now_ns_ + options_.cut_ns);' \
  'Release(seat, std::numeric_limits<uint64_t>::max(), now_ns_);'
mutant 'the lease runs from the receipt of the answer' agent/link/link.cc \
  'lease_.Answered(message.heartbeat().number());' 'lease_.Renew(now_ns_, lease_.length_ns());'
mutant 'what is cut is not waited for' agent/link/link.cc \
  'if (!cutting_) DoHeldBack();' 'DoHeldBack();'
mutant 'a take that comes twice is taken twice' agent/link/link.cc \
  'if (take.number() <= taken_) return;' ''
mutant 'who was given more has drained nevertheless' controller/fleet/fleet.cc \
  'if (drained.takes() != seat.takes) return;  // it has been given more since' ''
mutant 'an agent past its lease does not park' agent/link/link.cc \
  'if (lease_.Over(now_ns) && work_ == Work::kRunning && !parked_) Park();' ''

exit $((survivors > 0))
