/* --- writing -------------------------------------------------------------------------------------------- */

/* A tracked column has changed: all that workers knew is old (F6). */
inline moved() { current[0] = false; current[1] = false }

/* fence + 1. The column is a counter, but all that anybody does with a fence is compare it with one
   remembered before. So the model takes the smallest number that nobody remembers: the same behaviour in far
   fewer states. (0 stands for "remembers none".) */
#define REMEMBERED(f) (f == fence || f == my_fence[0] || f == my_fence[1] || f == r_fence || f == c_fence)
#define NEXT_FENCE (!REMEMBERED(1) -> 1 : (!REMEMBERED(2) -> 2 : (!REMEMBERED(3) -> 3 : \
                   (!REMEMBERED(4) -> 4 : (!REMEMBERED(5) -> 5 : 6)))))

/* One of our own statements: it writes fence + 1 itself, so that the trigger takes it as it is (rule 12). */
inline own_write(word) { fence = NEXT_FENCE; status = word; moved() }

/* An outcome is written once; `failed` is never a guess where the deadline is final. */
inline conclude(c, what) {
  assert(outcome[c] == OPEN || outcome[c] == DONT_KNOW);
  if
  :: what == HAPPENED -> assert(SHOWN_AS_TAKEN(c))
  :: what == NEVER    -> assert(MAY_BE_LATE || !took[c])
  fi;
  outcome[c] = what
}

/* A new claim: the mark is made in the same transaction as the test (rule 2). */
inline grant(w) {
  claims++;
#ifdef NO_CLAIM_MARK
  moved();
  my_claim[w] = claim_id;
#else
  own_write(CLAIMED);
  claim_id = claims;
  lease = LIVE;
  my_claim[w] = claims;
#endif
  my_fence[w] = fence;
  current[w] = true;
  assert(IS_ONCE || !said_no);     /* repeatable work begins with its claim */
  F1
}

inline forget(w) { my_claim[w] = 0; my_fence[w] = 0; current[w] = false }

/* Rule 3. */
inline gate(w) {
#ifndef ONLY_F2                                   /* lets a variant show that F2 falls too, not only F6 */
  assert(current[w]);                             /* F6 */
#endif
  assert(!said_no);                               /* F2 */
  assert(is_enabled && due);
#ifdef RULES
  assert(!later);                                 /* nor before the time that somebody asked for */
#endif
  assert(outcome[my_claim[w]] == NO_ROW);         /* a claim begins once */
  for (c : 1 .. CLAIMS) { assert(!BEGUN_BESIDE(my_claim[w], c)) };
  c = 0;
  own_write(SENDING);
  effect = my_claim[w];
  lease = LIVE;
  if
#ifdef GATE_NEW_KEY
  :: true -> keys++; effect_key = keys
#else
  :: effect_key == 0 -> keys++; effect_key = keys
  :: else
#endif
  fi;
  outcome[my_claim[w]] = OPEN;
  key[my_claim[w]] = effect_key;
  F1
}

/* A request reaches the platform. Its refusal of a second arrival tells the sender "already there": a yes. */
inline arrive(c) {
  if
  :: HAS_KEY && took_key[key[c]]
  :: else ->
     taken++;
     took[c] = true;
     took_key[key[c]] = true;
     assert(taken <= 1 || excused);                          /* F3, second half */
     assert(MAY_BE_LATE || outcome[c] != NEVER)              /* nobody was told "did not happen" */
  fi
}
#define CAN_ARRIVE(c) (MAY_BE_LATE || !past_deadline[c])

/* Attempts that really ran; no decision hangs on them here (any settlement may be the last), so they are
   counted only in a configuration of their own. */
inline count_attempt() {
#ifdef ATTEMPTS
  assert(attempt == ran);
  ran++;
  attempt++;
#else
  skip
#endif
}

/* Rule 5: a settlement of repeatable work. */
inline settle_repeatable(w, what) {
  assert(current[w]);                                         /* F6 */
  assert(my_claim[w] == claims);                              /* no other claim was granted since */
  count_attempt();
  if
  :: what == QUEUED -> own_write(OR_STOPPED(QUEUED))
  :: else           -> own_write(what)
  fi;
  lease = NULL_LEASE;
  F1
}

/* What a worker knows of its request. */
#define YES       1
#define NO        2
#define NO_RETRY  3
#define NOT_KNOWN 4

/* Rule 6: a settlement of an open effect; the caller has tested SETTLE_EFFECT_OK. */
inline settle_effect(c, what) {
  count_attempt();
  if
  :: what == YES ->
     conclude(c, HAPPENED);
     own_write(DONE)
  :: what == NO ->
     conclude(c, NEVER);
     effect = 0;
     own_write(OR_STOPPED(QUEUED))
  :: what == NO_RETRY ->
     conclude(c, NEVER);
     effect = 0;
     own_write(OR_STOPPED(FAILED))
  :: what == NOT_KNOWN ->
     assert(outcome[c] == OPEN || outcome[c] == DONT_KNOW);
     outcome[c] = DONT_KNOW;
     own_write(UNKNOWN)
  fi;
  lease = NULL_LEASE;
  F1
}
