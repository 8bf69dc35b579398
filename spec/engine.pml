/* --- the engine's sweeps, time and the network ---------------------------------------------------------- */

#define TO_RESCUE (LEASE_OVER && (status == CLAIMED || status == SENDING) && effect == 0)
#ifdef NOT_LAST
#define MAY_BE_LAST false
#else
#define MAY_BE_LAST true
#endif
#ifdef REFUSED_RESCUE_BLIND
#define SAME_RESCUE (status != GONE)
#else
#define SAME_RESCUE (TO_RESCUE && claim_id == refused_rescue)
#endif

proctype World()
{
  byte c;

sweep:
  if
  /* Rule 9. */
#ifndef NO_RESCUE
#ifdef RESCUE_IGNORES_EFFECT
  :: d_step { LEASE_OVER && effect != 0 && outcome[effect] == OPEN -> printf("rescue: open effect queued\n");
              effect = 0; own_write(OR_STOPPED(QUEUED)); lease = NULL_LEASE; F1 };
     goto sweep
#else
  :: d_step { LEASE_OVER && effect != 0 && outcome[effect] == OPEN && !REFUSED(UNKNOWN) ->
              printf("rescue: unknown\n");
              outcome[effect] = DONT_KNOW; own_write(UNKNOWN); lease = NULL_LEASE; F1 };
     goto sweep
#endif
  :: d_step { TO_RESCUE && !REFUSED(OR_STOPPED(QUEUED)) ->
              printf("rescue: queued\n"); own_write(OR_STOPPED(QUEUED)); lease = NULL_LEASE; F1 };
     goto sweep
  :: d_step { TO_RESCUE && !REFUSED(OR_STOPPED(FAILED)) && MAY_BE_LAST ->
              printf("rescue: failed\n"); own_write(OR_STOPPED(FAILED)); lease = NULL_LEASE; F1 };
     goto sweep
#ifdef RULES
  /* Refused as queued (another row has its place, perhaps): it has failed, in a transaction of its own that
     looks at everything again. */
#ifndef REFUSED_RESCUE_WAITS
  :: d_step { TO_RESCUE && REFUSED(OR_STOPPED(QUEUED)) && refused_rescue != claim_id ->
              printf("rescue: refused as queued\n"); refused_rescue = claim_id };
     goto sweep
  :: d_step { refused_rescue != 0 && SAME_RESCUE && !REFUSED(OR_STOPPED(FAILED)) ->
              printf("rescue: failed, since the table refuses it\n"); refused_rescue = 0;
              effect = 0; own_write(OR_STOPPED(FAILED)); lease = NULL_LEASE; F1 };
     goto sweep
  :: d_step { refused_rescue != 0 && !SAME_RESCUE -> refused_rescue = 0 };
     goto sweep
#endif
#endif
#ifdef RESCUE_IGNORES_YES
  :: d_step { LEASE_OVER && status == SENDING && effect != 0 && outcome[effect] == HAPPENED ->
              printf("rescue: a kept yes queued\n"); effect = 0; own_write(QUEUED); lease = NULL_LEASE; F1 };
     goto sweep
#endif
#endif
  /* A foreign word over an effect whose outcome is recorded: the record is right, the word is put back. */
#ifndef NO_WORD_REPAIR
  :: d_step { effect != 0 && outcome[effect] == DONT_KNOW && status != UNKNOWN && !REFUSED(UNKNOWN) ->
              printf("repair: unknown\n");
              own_write(UNKNOWN); lease = NULL_LEASE; F1 };
     goto sweep
  :: d_step { effect != 0 && outcome[effect] == HAPPENED && status != DONE && !REFUSED(DONE) ->
              printf("repair: done\n");
              own_write(DONE); lease = NULL_LEASE; F1 };
     goto sweep
#endif

  /* Database time (F7). A lease may lapse at any moment; a deadline passes on its own. */
  :: d_step { lease == LIVE -> printf("the lease lapses\n"); lease = LAPSED }; goto sweep
#ifdef RULES
  :: d_step { !due -> due = true; later = later && own_due; own_due = false }; goto sweep
  :: d_step { later && own_due -> later = false }; goto sweep
#else
  :: d_step { !due -> due = true }; goto sweep
#endif
#ifndef REPEATABLE
  :: d_step { IS_OPEN(1) && !past_deadline[1] -> deadline(1) };
     goto sweep
#if CLAIMS > 1
  :: d_step { IS_OPEN(2) && !past_deadline[2] -> deadline(2) };
     goto sweep
#endif
#if CLAIMS > 2
  :: d_step { IS_OPEN(3) && !past_deadline[3] -> deadline(3) };
     goto sweep
#endif

  /* The network delivers or loses what its sender no longer waits for. */
  :: d_step { flying[1] -> printf("the request of 1 arrives\n"); flying[1] = false; arrive(1) };
     goto sweep
  :: d_step { flying[1] -> flying[1] = false }; goto sweep
#if CLAIMS > 1
  :: d_step { flying[2] -> printf("the request of 2 arrives\n"); flying[2] = false; arrive(2) };
     goto sweep
  :: d_step { flying[2] -> flying[2] = false }; goto sweep
#endif
#if CLAIMS > 2
  :: d_step { flying[3] -> printf("the request of 3 arrives\n"); flying[3] = false; arrive(3) };
     goto sweep
  :: d_step { flying[3] -> flying[3] = false }; goto sweep
#endif
#endif
  /* Nothing else in the whole model can move: the run is over. */
  :: timeout
  fi;

  d_step {
    assert(AT_REST);                                                                   /* F5 */
    assert(SAYS_DONE);
#ifdef NO_FALSE_END
    assert((status != FAILED && status != STOPPED) || taken == 0 || told_late);
#endif
    for (c : 1 .. CLAIMS) { assert(SETTLED(c) && YES_STAYS(c)) }
  }
}

/* --- the reconciler (rule 10) --------------------------------------------------------------------------- */

#ifdef RECONCILE_NO_KEY
#define ABSENT_COUNTS true
#else
#define ABSENT_COUNTS HAS_KEY
#endif
#ifdef RECONCILE_NO_FENCE
#define RECONCILE_OK (effect == r_effect)
#else
#ifdef RECONCILE_FORGETS_YES
#define RECONCILE_OK (claim_id == r_claim && fence == r_fence && effect == r_effect)
#else
#define RECONCILE_OK (claim_id == r_claim && fence == r_fence && effect == r_effect && STILL_OPEN)
#endif
#endif
#ifdef RECONCILE_NO_DEADLINE
#define DEADLINE_BEFORE_LOOK true
#define DEADLINE_AT_WRITE true
#else
#ifdef RECONCILE_DEADLINE_AT_WRITE
#define DEADLINE_BEFORE_LOOK true
#define DEADLINE_AT_WRITE past_deadline[r_effect]
#else
#define DEADLINE_BEFORE_LOOK past_deadline[r_effect]
#define DEADLINE_AT_WRITE true
#endif
#endif

/* The answer counts from its own moment: the deadline must have passed before the platform was asked, not
   only before the answer is written. What absence does not prove is shown to a person and changes nothing.
   */
#define FOUND   1
#define ABSENT  2
#define UNCLEAR 3
#ifdef LOOK_LAGS
#define LOOK_MAY_LAG true
#else
#define LOOK_MAY_LAG false
#endif
/* A recorded outcome stands: for whoever does not look at it, the effects row does not change. */
inline record(what) {
  if
#ifdef RECONCILE_FORGETS_YES
  :: outcome[r_effect] == HAPPENED
#endif
  :: else -> conclude(r_effect, what)
  fi
}
inline put_back() { r_claim = 0; r_fence = 0; r_effect = 0; r_answer = 0 }

proctype Reconciler()
{
  byte r_answer;

  do
  :: d_step { recs < RECS && status == UNKNOWN && STILL_OPEN && lease != LIVE && !REFUSED(UNKNOWN) ->
              printf("reconcile: takes it\n");
              recs++;
              r_effect = effect;
              r_claim = CLAIMS + 10 + recs;                       /* random, so never a worker's */
              own_write(UNKNOWN);
              claim_id = r_claim; lease = LIVE; r_fence = fence; F1 };
     if
     :: d_step { SHOWN_AS_TAKEN(r_effect) -> printf("reconcile: found\n"); r_answer = FOUND }
     :: d_step { !SHOWN_AS_TAKEN(r_effect) || LOOK_MAY_LAG ->
                 if
                 :: ABSENT_COUNTS && DEADLINE_BEFORE_LOOK -> r_answer = ABSENT
                 :: else                                  -> r_answer = UNCLEAR
                 fi;
                 printf("reconcile: absent, proof %d\n", r_answer == ABSENT) }
     fi;
     if
#ifdef RULES
     :: d_step { RECONCILE_OK && r_answer == FOUND && REFUSED(DONE) ->
                 printf("reconcile: refused as done\n") };
        d_step { keep_yes(r_effect); put_back() }
#endif
     :: d_step { RECONCILE_OK && r_answer == FOUND && !REFUSED(DONE) -> printf("reconcile: done\n");
                 record(HAPPENED); own_write(DONE); lease = NULL_LEASE; put_back(); F1 }
     :: d_step { RECONCILE_OK && r_answer == ABSENT && DEADLINE_AT_WRITE && !REFUSED(OR_STOPPED(QUEUED)) ->
                 printf("reconcile: again\n");
                 record(NEVER);
                 effect = 0; own_write(OR_STOPPED(QUEUED)); lease = NULL_LEASE;
                 put_back(); F1 }
     :: d_step { RECONCILE_OK && r_answer == UNCLEAR && !REFUSED(UNKNOWN) ->
                 printf("reconcile: stays unknown\n");
                 lease = NULL_LEASE; put_back() }
     :: d_step { !RECONCILE_OK || (r_answer == ABSENT && !DEADLINE_AT_WRITE) -> printf("reconcile: 0 rows\n");
                 put_back() }
     :: d_step { printf("reconcile: crashes\n"); put_back() }
     fi;
  od
}
