/* --- the engine's sweeps, time and the network ---------------------------------------------------------- */

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
  :: d_step { LEASE_OVER && effect != 0 && outcome[effect] == OPEN -> printf("rescue: unknown\n");
              outcome[effect] = DONT_KNOW; own_write(UNKNOWN); lease = NULL_LEASE; F1 };
     goto sweep
#endif
  :: d_step { LEASE_OVER && (status == CLAIMED || status == SENDING) && effect == 0 ->
              printf("rescue: queued\n"); own_write(OR_STOPPED(QUEUED)); lease = NULL_LEASE; F1 };
     goto sweep
  :: d_step { LEASE_OVER && (status == CLAIMED || status == SENDING) && effect == 0 ->
              printf("rescue: failed\n"); own_write(OR_STOPPED(FAILED)); lease = NULL_LEASE; F1 };
     goto sweep
#endif
  /* A foreign word over an effect whose outcome is recorded: the record is right, the word is put back. */
#ifndef NO_WORD_REPAIR
  :: d_step { effect != 0 && outcome[effect] == DONT_KNOW && status != UNKNOWN -> printf("repair: unknown\n");
              own_write(UNKNOWN); lease = NULL_LEASE; F1 };
     goto sweep
  :: d_step { effect != 0 && outcome[effect] == HAPPENED && status != DONE -> printf("repair: done\n");
              own_write(DONE); lease = NULL_LEASE; F1 };
     goto sweep
#endif

  /* Database time (F7). A lease may lapse at any moment; a deadline passes on its own. */
  :: d_step { lease == LIVE -> printf("the lease lapses\n"); lease = LAPSED }; goto sweep
  :: d_step { !due -> due = true }; goto sweep
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
    for (c : 1 .. CLAIMS) { assert(SETTLED(c)) }
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
#define RECONCILE_OK (claim_id == r_claim && fence == r_fence && effect == r_effect && STILL_OPEN)
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
inline put_back() { r_claim = 0; r_fence = 0; r_effect = 0; r_answer = 0 }

proctype Reconciler()
{
  byte r_answer;

  do
  :: d_step { recs < RECS && status == UNKNOWN && STILL_OPEN && lease != LIVE ->
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
     :: d_step { RECONCILE_OK && r_answer == FOUND -> printf("reconcile: done\n");
                 conclude(r_effect, HAPPENED); own_write(DONE); lease = NULL_LEASE; put_back(); F1 }
     :: d_step { RECONCILE_OK && r_answer == ABSENT && DEADLINE_AT_WRITE -> printf("reconcile: again\n");
                 conclude(r_effect, NEVER); effect = 0; own_write(OR_STOPPED(QUEUED)); lease = NULL_LEASE;
                 put_back(); F1 }
     :: d_step { RECONCILE_OK && r_answer == UNCLEAR -> printf("reconcile: stays unknown\n");
                 lease = NULL_LEASE; put_back() }
     :: d_step { !RECONCILE_OK || (r_answer == ABSENT && !DEADLINE_AT_WRITE) -> printf("reconcile: 0 rows\n");
                 put_back() }
     :: d_step { printf("reconcile: crashes\n"); put_back() }
     fi;
  od
}
