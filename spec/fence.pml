/*
 * The fence protocol (DESIGN.md, section 2) for ONE item, checked exhaustively by Spin within stated bounds.
 *
 * Every transaction is one d_step: it happens at once or not at all, which is what the row lock and a test in
 * the WHERE of the write itself buy (rule 1). Everything between two transactions interleaves. A pause is
 * nothing special: a process may be scheduled arbitrarily late, so a worker may always outlive its lease.
 *
 * Nothing here runs for ever (claims, acts and doubts are counted), so "always ends" (F5) is checked where
 * every run ends: in process End, when nothing else can move.
 *
 * What kind of item, which platform (-D):
 *   REPEATABLE     repeatable work; without it `once` work
 *   KEY            the platform refuses a second arrival with the same key; without it it takes both
 *   LATE           a request may arrive after its hard deadline too (its worker slept between check and
 *                  write(), rule 10); without it the deadline is final and `failed` must be the plain truth
 *   LOOK_LAGS      (with KEY) the platform's answer to a look may not show yet what it has accepted
 * Bounds (-D):
 *   CLAIMS=n       claims and run_nows granted      RECS=n      looks of the reconciler
 *   USERS=n        acts of people                   FOREIGN=n   statements of a program that knows no fence
 *   DOUBTS=n       commits whose answer is lost
 *   FLAGS          the foreign program also switches `enabled` and postpones
 *   NO_SAVE        ... and saves no whole old rows
 *   ATTEMPTS       attempts are counted
 *   ONLY_F2        the gate's monitor of F6 and F5's of stop_wanted are off: a variant shows what it does to F2
 *   NO_FALSE_END   demands that nothing ends failed or stopped although the platform took it (a known limit)
 *
 * Broken variants: each removes or spoils one line and must fail; where two guards cover each other, the
 * variants are only wrong together (spec/check says with what each is combined; README.md says why).
 *   NO_CLAIM_MARK, CLAIM_IGNORES_EFFECT, CLAIM_IN_TWO_STEPS, GATE_IN_TWO_STEPS, STOP_IN_TWO_STEPS
 *   GATE_NO_CLAIM, GATE_NO_FENCE, GATE_NO_STATUS, GATE_NO_ENABLED, GATE_NO_STOP_WANTED, GATE_NO_EFFECT,
 *   GATE_NO_LEASE, GATE_NO_DUE, GATE_NEW_KEY, GATE_DOUBT_RESENDS, GATE_DOUBT_SENDS
 *   SETTLE_NO_CLAIM, SETTLE_NO_FENCE, SETTLE_NO_STATUS, SETTLE_OVERTURNS, SETTLE_NEEDS_SENDING,
 *   SETTLE_DOUBT_IS_STALE, LOST_STOP_WANTED, LATE_YES_DROPPED, ACK_NO_CLAIM, TIMEOUT_IS_NO
 *   STOP_DOUBT_SAYS_PREVENTED, STOP_IGNORES_EFFECT, EDIT_OPEN, EDIT_KEEPS_FENCE, DELETE_OPEN,
 *   RESOLVE_NO_DEADLINE
 *   RESCUE_IGNORES_EFFECT, NO_RESCUE
 *   RECONCILE_NO_KEY, RECONCILE_NO_DEADLINE, RECONCILE_DEADLINE_AT_WRITE, RECONCILE_NO_FENCE
 *   NO_TRIGGER, TRIGGER_KEEPS_NOT_EFFECT, TRIGGER_KEEPS_NOT_KEY, TRIGGER_KEEPS_NOT_STOP,
 *   TRIGGER_KEEPS_NOT_ATTEMPT, TRIGGER_KEEPS_NOT_CLAIM
 * What the model added to the design (README.md, "What the model taught us"); each undoes one addition:
 *   NO_WORD_REPAIR, NULL_LEASE_IS_LIVE, CANCEL_NOT_REMEMBERED, TRIGGER_LEAVES_STOPPED,
 *   RUN_NOW_IGNORES_EFFECT, STOP_BY_WORD, DECIDE_TWICE
 */

#ifndef CLAIMS
#define CLAIMS 2
#endif
#ifndef RECS
#define RECS 1
#endif
#ifndef USERS
#define USERS 0
#endif
#ifndef FOREIGN
#define FOREIGN 0
#endif
#ifndef DOUBTS
#define DOUBTS 0
#endif

#ifdef KEY
#define HAS_KEY true
#else
#define HAS_KEY false
#endif
#ifdef LATE
#define MAY_BE_LATE true
#else
#define MAY_BE_LATE false
#endif
#ifdef REPEATABLE
#define IS_ONCE false
#else
#define IS_ONCE true
#endif

/* The words of the status column; GONE is a deleted row, on which every statement changes 0 rows. */
#define QUEUED  0
#define CLAIMED 1
#define SENDING 2
#define UNKNOWN 3
#define DONE    4
#define FAILED  5
#define STOPPED 6
#define GONE    7

/* The outcome column of the effects table; NO_ROW: that claim's gate never committed. */
#define NO_ROW    0
#define OPEN      1   /* begun, no outcome yet */
#define DONT_KNOW 2
#define HAPPENED  3
#define NEVER     4   /* certainly did not happen */

/* lease_until, seen from database time (F7). */
#define NULL_LEASE 0
#define LIVE       1
#define LAPSED     2

/* The item's row. */
byte status = QUEUED;
byte fence = 1;
byte claim_id;
byte effect;
byte effect_key;
byte lease = NULL_LEASE;
byte attempt;
bool stop_wanted;
bool is_enabled = true;
bool due = true;

/* The effects table: one row a claim whose gate committed; append-only but for the outcome. */
#define ROWS (CLAIMS + 2)
byte outcome[ROWS];
byte key[ROWS];
bool past_deadline[ROWS];

/* The outside: requests on their way, what the platform took, how often. */
bool flying[ROWS];
bool took[ROWS];
bool took_key[ROWS];
byte taken;

/* What each worker remembers of its claim (0: it has none), and the budgets. */
byte my_claim[2];
byte my_fence[2];
byte r_claim, r_fence, r_effect;     /* the reconciler's lease */
byte c_fence;                        /* the fence in the old copy of the row that a foreign program holds */
byte claims;
byte recs;
byte keys;
byte users = USERS;
byte foreign = FOREIGN;
byte doubts = DOUBTS;

/* Monitors: what is true, kept apart from what the columns say. No statement reads them. */
bool current[2];      /* nobody has changed the item since this worker's claim or gate */
bool said_no;         /* a stop was answered, or a plain Cancelled was committed, and nothing re-armed it */
bool excused;         /* a person said "did not happen" in a world where requests may still be late */
bool late_yes;        /* the event was written */
bool told_late;       /* ... ever (only with NO_FALSE_END) */
byte ran;             /* attempts that really ran */

#define IS_OPEN(c) (outcome[c] == OPEN || outcome[c] == DONT_KNOW)
#define HAS_OPEN_EFFECT (effect != 0 && IS_OPEN(effect))
#define SHOWN_AS_TAKEN(c) (HAS_KEY -> took_key[key[c]] : took[c])

/* --- guards, as in the WHERE of each statement ---------------------------------------------------------- */

#ifdef NO_CLAIM_MARK
#define CLAIMED_WORD QUEUED    /* SKIP LOCKED alone: after its commit the row looks as it did before */
#else
#define CLAIMED_WORD CLAIMED
#endif

#ifdef CLAIM_IGNORES_EFFECT
#define C_EFFECT true
#else
#define C_EFFECT (effect == 0)
#endif
#define CLAIM_OK (status == QUEUED && is_enabled && C_EFFECT && due)

#ifdef GATE_NO_CLAIM
#define G_CLAIM(w) true
#else
#define G_CLAIM(w) (claim_id == my_claim[w])
#endif
#ifdef GATE_NO_FENCE
#define G_FENCE(w) true
#else
#define G_FENCE(w) (fence == my_fence[w])
#endif
#ifdef GATE_NO_STATUS
#define G_STATUS (status != GONE)
#else
#define G_STATUS (status == CLAIMED_WORD)
#endif
#ifdef GATE_NO_ENABLED
#define G_ENABLED true
#else
#define G_ENABLED is_enabled
#endif
#ifdef GATE_NO_STOP_WANTED
#define G_STOP true
#else
#define G_STOP (!stop_wanted)
#endif
#ifdef GATE_NO_EFFECT
#define G_EFFECT true
#else
#define G_EFFECT (effect == 0)
#endif
#ifdef GATE_NO_DUE
#define G_DUE true
#else
#define G_DUE due
#endif
#define GATE_MINE(w) (G_CLAIM(w) && G_FENCE(w) && G_STATUS && G_ENABLED && G_STOP && G_EFFECT)
#if defined(NO_CLAIM_MARK) || defined(GATE_NO_LEASE)
#define G_LEASE true
#else
#define G_LEASE (lease == LIVE)
#endif
#define GATE_OK(w) (GATE_MINE(w) && G_LEASE && G_DUE)

#ifdef SETTLE_NO_CLAIM
#define S_CLAIM(w) true
#else
#define S_CLAIM(w) (claim_id == my_claim[w])
#endif
#ifdef SETTLE_NO_FENCE
#define S_FENCE(w) true
#else
#define S_FENCE(w) (fence == my_fence[w])
#endif
#ifdef SETTLE_NO_STATUS
#define S_STATUS (status != GONE)
#else
#define S_STATUS (status == CLAIMED_WORD)
#endif
#define SETTLE_OK(w) (S_CLAIM(w) && S_FENCE(w) && S_STATUS)

#ifdef ACK_NO_CLAIM
#define ACK_OK(w) (fence != my_fence[w] && status == CLAIMED)
#else
#define ACK_OK(w) (claim_id == my_claim[w] && fence != my_fence[w] && status == CLAIMED)
#endif

/* Rule 6: by the effect, in any status, and only while nobody has recorded the outcome. */
#ifdef SETTLE_OVERTURNS
#define E_OUTCOME(c) true
#else
#define E_OUTCOME(c) (outcome[c] == OPEN || outcome[c] == DONT_KNOW)
#endif
#ifdef SETTLE_NEEDS_SENDING
#define E_STATUS (status == SENDING)
#else
#define E_STATUS true
#endif
#ifdef SETTLE_DOUBT_IS_STALE
#define OWN_OUTCOME(c) false
#else
#define OWN_OUTCOME(c) (outcome[c] == HAPPENED)
#endif
#define SETTLE_EFFECT_OK(c) (effect == c && E_OUTCOME(c) && E_STATUS)

/* Every path back to queued leads to stopped when a stop was recorded meanwhile (rule 7). */
#ifdef LOST_STOP_WANTED
#define OR_STOPPED(word) word
#else
#define OR_STOPPED(word) (stop_wanted -> STOPPED : word)
#endif

/* A lease that a foreign statement set to NULL counts as lapsed, or nobody would ever come (F5). */
#ifdef NULL_LEASE_IS_LIVE
#define LEASE_OVER (lease == LAPSED)
#else
#define LEASE_OVER (lease != LIVE)
#endif

/* --- promises ------------------------------------------------------------------------------------------- */

/* F1: whose next write would still change the row. */
#ifdef REPEATABLE
#define CAN_WRITE(w) (my_claim[w] != 0 && SETTLE_OK(w))
#else
#define CAN_WRITE(w) (my_claim[w] != 0 && (GATE_MINE(w) || SETTLE_EFFECT_OK(my_claim[w])))
#endif
#define F1 assert(!(CAN_WRITE(0) && CAN_WRITE(1)))

/* F3, first half: no effect begins beside one not known to have failed (the key only saves arrivals). */
#define BEGUN_BESIDE(c, p) (p != c && outcome[p] != NO_ROW && outcome[p] != NEVER)

#ifdef ONLY_F2
#define MAY_BEGIN true
#else
#define MAY_BEGIN (!stop_wanted)
#endif
/* F5, where everything has come to rest: ended, shown to a person, claimable, or paused by a person. */
#define AT_REST (status == DONE || status == FAILED || status == STOPPED || status == UNKNOWN || \
                 status == GONE || (status == QUEUED && effect == 0 && (!is_enabled || MAY_BEGIN || !IS_ONCE)))
/* ... and no begun effect is forgotten by a row that shows something else. */
#define SETTLED(c) (outcome[c] == NO_ROW || outcome[c] == HAPPENED || outcome[c] == NEVER || \
                    (effect == c && status == UNKNOWN))
/* ... and an item whose effect happened says so. */
#define SAYS_DONE (effect == 0 || outcome[effect] != HAPPENED || status == DONE)

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

/* --- workers -------------------------------------------------------------------------------------------- */

/* Two idle workers are the same, so that it is enough to let the first one ask. */
#define MAY_ASK(w) (claims < CLAIMS && (w == 0 || my_claim[0] != 0))

proctype Worker(bit w)
{
  byte knows;                      /* what it will settle with */
  byte c;                          /* a counter inside one step; always 0 between steps */

idle:
  if
#ifdef CLAIM_IN_TWO_STEPS
  :: d_step { CLAIM_OK && MAY_ASK(w) -> printf("w%d reads: queued\n", w) };
     d_step { status != GONE -> printf("w%d claims by id\n", w); grant(w) }
#else
  :: d_step { CLAIM_OK && MAY_ASK(w) -> printf("w%d claims\n", w); grant(w) }
#endif
  /* Rule 8: run_now claims by itself and makes the item due; on a failed one it is the act that re-arms. */
#ifdef RUN_NOW_IGNORES_EFFECT
  :: d_step { users > 0 && MAY_ASK(w) && (status == QUEUED || status == FAILED) ->
#else
  :: d_step { users > 0 && MAY_ASK(w) && (status == QUEUED || status == FAILED) && effect == 0 ->
#endif
       users--;
       printf("w%d run_now: started\n", w);
       assert(effect == 0);                       /* "started" is only said where the gate may still pass */
       if
       :: status == FAILED -> said_no = false; stop_wanted = false
       :: else
       fi;
       due = true;
       grant(w) }
  fi;

#ifdef REPEATABLE
  /* The handler has run for any time; its own transaction settles first and rolls back on 0 rows (rule 5). */
  if
  :: knows = DONE
  :: knows = FAILED
  :: knows = QUEUED
  :: d_step { printf("w%d crashes\n", w); forget(w) }; goto idle
  fi;
settle:
  if
  :: d_step { SETTLE_OK(w) -> printf("w%d settles %d\n", w, knows); settle_repeatable(w, knows); forget(w);
              knows = 0 };
     goto idle
  :: d_step { doubts > 0 && SETTLE_OK(w) ->
              printf("w%d settles %d, in doubt, applied\n", w, knows);
              doubts--; settle_repeatable(w, knows) };
     goto settle                                                       /* rule 4: repeat */
  :: d_step { doubts > 0 && SETTLE_OK(w) ->
              printf("w%d settles %d, in doubt, lost\n", w, knows); doubts-- };
     goto settle
  :: d_step { !SETTLE_OK(w) -> printf("w%d is stale\n", w); knows = 0 }
  :: d_step { printf("w%d crashes\n", w); forget(w); knows = 0 }; goto idle
  fi;
  /* Rule 8, "again afterwards": the item was edited under this worker, which says now that it is through. */
  if
  :: d_step { ACK_OK(w) ->
       printf("w%d acknowledges\n", w);
       assert(my_claim[w] == claims);                                  /* nobody else was let in meanwhile */
       own_write(OR_STOPPED(QUEUED));
       lease = NULL_LEASE;
       forget(w);
       F1 }
  :: d_step { else -> forget(w) }
  fi;
  goto idle
#else

begin:
  if
#ifdef GATE_IN_TWO_STEPS
  :: d_step { GATE_OK(w) -> printf("w%d reads: may begin\n", w) };
     d_step { status != GONE -> printf("w%d gate by id\n", w); gate(w); my_fence[w] = 0 }
#else
  :: d_step { GATE_OK(w) -> printf("w%d gate\n", w); gate(w); my_fence[w] = 0 }
#endif
  :: d_step { !GATE_OK(w) -> printf("w%d gate: revoked\n", w); forget(w) }; goto idle
  :: d_step { doubts > 0 && GATE_OK(w) -> printf("w%d gate, in doubt, applied\n", w); doubts--; gate(w) };
     goto look
  :: d_step { doubts > 0 && GATE_OK(w) -> printf("w%d gate, in doubt, lost\n", w); doubts-- }; goto look
  /* Hand-back at shutdown, before anything began. */
  :: d_step { claim_id == my_claim[w] && fence == my_fence[w] && status == CLAIMED ->
              printf("w%d hands back\n", w);
              own_write(OR_STOPPED(QUEUED)); lease = NULL_LEASE; forget(w) };
     goto idle
  :: d_step { printf("w%d crashes\n", w); forget(w) }; goto idle
  fi;

send:
  /* The request leaves after the gate's commit. It arrives while the worker waits, or flies on after the
     worker gave up or died. `NO` is a certain failure: nothing left, or an answer on the platform's list
     (rule 16). */
  if
  :: d_step { CAN_ARRIVE(my_claim[w]) -> printf("w%d sends: yes\n", w); arrive(my_claim[w]); knows = YES }
  :: d_step { CAN_ARRIVE(my_claim[w]) -> printf("w%d sends: arrived, answer lost\n", w);
              arrive(my_claim[w]); knows = NOT_KNOWN }
  :: d_step { printf("w%d sends: certain failure\n", w); knows = NO }
  :: d_step { printf("w%d sends: certain failure, for good\n", w); knows = NO_RETRY }
  :: d_step { printf("w%d sends: no answer, still on its way\n", w);
              flying[my_claim[w]] = CAN_ARRIVE(my_claim[w]);
#ifdef TIMEOUT_IS_NO
              knows = NO }
#else
              knows = NOT_KNOWN }
#endif
  :: d_step { printf("w%d crashes after sending\n", w); flying[my_claim[w]] = CAN_ARRIVE(my_claim[w]);
              forget(w) }; goto idle
  :: d_step { printf("w%d crashes before sending\n", w); forget(w) }; goto idle
  fi;

settle:
  if
  :: d_step { SETTLE_EFFECT_OK(my_claim[w]) -> printf("w%d settles %d\n", w, knows);
              settle_effect(my_claim[w], knows); forget(w); knows = 0 }
  :: d_step { doubts > 0 && SETTLE_EFFECT_OK(my_claim[w]) ->
              printf("w%d settles %d, in doubt, applied\n", w, knows);
              doubts--; settle_effect(my_claim[w], knows) };
     goto settle                                                       /* rule 4: repeat */
  :: d_step { doubts > 0 && SETTLE_EFFECT_OK(my_claim[w]) ->
              printf("w%d settles %d, in doubt, lost\n", w, knows); doubts-- };
     goto settle
  /* 0 rows. One's own recorded outcome is success; a yes that contradicts the record becomes an event, and
     only a record that says "never" may stand against it: as long as the effect is open, a yes makes it
     done. */
  :: d_step { !SETTLE_EFFECT_OK(my_claim[w]) ->
              printf("w%d settles %d: 0 rows\n", w, knows);
              if
              :: knows == YES && !OWN_OUTCOME(my_claim[w]) ->
                 assert(outcome[my_claim[w]] == NEVER);
#ifndef LATE_YES_DROPPED
                 printf("event late_yes of claim %d\n", my_claim[w]);
                 late_yes = true;
#ifdef NO_FALSE_END
                 told_late = true;
#endif
#endif
                 assert(late_yes);
                 late_yes = false
              :: else
              fi;
              forget(w);
              knows = 0 }
  :: d_step { printf("w%d crashes before settling\n", w); forget(w); knows = 0 }
  fi;
  goto idle;

look:
  /* Rule 4: the doubtful transaction held the row lock, so whoever gets it now sees what became of it. */
#ifdef GATE_DOUBT_RESENDS
  if
  :: d_step { claim_id == my_claim[w] -> printf("w%d gates again without looking\n", w); gate(w) }; goto send
  :: d_step { else -> forget(w) }; goto idle
  fi
#else
#ifdef GATE_DOUBT_SENDS
  goto send
#else
  if
  :: d_step { status == CLAIMED && claim_id == my_claim[w] && fence == my_fence[w] ->
              printf("w%d looks: not passed\n", w) };
     goto begin
  :: d_step { status == SENDING && effect == my_claim[w] ->
              printf("w%d looks: passed\n", w); my_fence[w] = 0 };
     goto send
  :: d_step { else -> printf("w%d looks: revoked\n", w); forget(w) }; goto idle
  fi
#endif
#endif
#endif
}

/* --- people --------------------------------------------------------------------------------------------- */

#define PREVENTED       1
#define IN_FLIGHT       2
#define OUTCOME_UNKNOWN 3
#define ALREADY_DONE    4
#define ALREADY_STOPPED 5
#define NOT_FOUND       6

/* Rule 7: lock the row, decide, write, in one transaction. What happened decides before the word does,
   since a foreign statement may have written any word. */
#ifdef STOP_BY_WORD
#define STOP_SEES_DONE (status == DONE)
#else
#define STOP_SEES_DONE ((effect != 0 && outcome[effect] == HAPPENED) || (effect == 0 && status == DONE))
#endif
#ifdef STOP_IGNORES_EFFECT
#define STOP_SEES_OPEN false
#define STOP_SEES_UNKNOWN false
#else
#define STOP_SEES_OPEN (effect != 0 && outcome[effect] == OPEN)
#define STOP_SEES_UNKNOWN (effect != 0 && outcome[effect] == DONT_KNOW)
#endif
inline decide_stop() {
  if
  :: status == GONE                              -> answer = NOT_FOUND
  :: STOP_SEES_OPEN                              -> answer = IN_FLIGHT
  :: STOP_SEES_UNKNOWN                           -> answer = OUTCOME_UNKNOWN
  :: else ->
     if
     :: STOP_SEES_DONE                           -> answer = ALREADY_DONE
     :: status == STOPPED && !STOP_SEES_DONE     -> answer = ALREADY_STOPPED
     :: else ->
        if
        :: status == CLAIMED && !IS_ONCE         -> answer = IN_FLIGHT     /* its handler may be running */
        :: else                                  -> answer = PREVENTED
        fi
     fi
  fi
}
inline write_stop() {
  if
  :: answer == IN_FLIGHT || answer == OUTCOME_UNKNOWN -> stop_wanted = true
  :: answer == PREVENTED                              -> own_write(STOPPED); lease = NULL_LEASE; F1
  :: else
  fi
}
inline say_stop() {
  printf("stop: answer %d\n", answer);
  if
  :: answer == PREVENTED || answer == ALREADY_STOPPED -> assert(effect == 0); said_no = true
  :: answer == IN_FLIGHT || answer == OUTCOME_UNKNOWN -> said_no = true
  :: else
  fi;
  answer = 0
}

#ifdef RESOLVE_NO_DEADLINE
#define MAY_RESOLVE true
#else
#define MAY_RESOLVE (effect == 0 || past_deadline[effect])
#endif
#ifdef DECIDE_TWICE
#define STILL_OPEN (effect != 0)
#else
#define STILL_OPEN HAS_OPEN_EFFECT
#endif

proctype People()
{
  byte answer;

acts:
  if
#ifdef STOP_IN_TWO_STEPS
  :: d_step { users > 0 -> users--; decide_stop(); printf("stop reads\n") };
     d_step { write_stop(); say_stop() };
     goto acts
#else
  :: d_step { users > 0 -> users--; decide_stop(); write_stop(); say_stop() }; goto acts
#endif
  :: d_step { users > 0 && doubts > 0 -> users--; doubts--; decide_stop(); write_stop();
              printf("stop, in doubt, applied\n") };
     goto stop_again
  :: d_step { users > 0 && doubts > 0 -> users--; doubts--; decide_stop(); printf("stop, in doubt, lost\n") };
     goto stop_again

  /* The recorded act that re-arms a stopped item. */
  :: d_step { users > 0 && status == STOPPED && effect == 0 ->
              users--; printf("re-arm\n"); own_write(QUEUED); stop_wanted = false; said_no = false; F1 };
     goto acts

  /* Rule 8, edit. A claimed repeatable item stays claimed: only its worker or its lease's end frees it. */
#ifdef EDIT_OPEN
  :: d_step { users > 0 && (status == QUEUED || status == CLAIMED || status == SENDING || status == FAILED) ->
              users--; printf("edit\n"); effect = 0; own_write(QUEUED) };
     goto acts
#endif
  :: d_step { users > 0 && !HAS_OPEN_EFFECT &&
              (status == QUEUED || status == CLAIMED || status == FAILED || status == STOPPED) ->
              users--; printf("edit\n");
#ifdef EDIT_KEEPS_FENCE
              moved();
#else
              if
              :: IS_ONCE && status == CLAIMED -> own_write(OR_STOPPED(QUEUED)); lease = NULL_LEASE
              :: else -> own_write(status)
              fi;
#endif
              F1 };
     goto acts

  /* Rule 8, resolve: a person looks and tells the truth of that moment, never before the hard deadline. */
  :: d_step { users > 0 && status == UNKNOWN && STILL_OPEN && MAY_RESOLVE && took[effect] ->
              users--; printf("resolve: happened\n"); conclude(effect, HAPPENED); own_write(DONE);
              lease = NULL_LEASE };
     goto acts
  :: d_step { users > 0 && status == UNKNOWN && STILL_OPEN && MAY_RESOLVE && taken == 0 ->
              users--; printf("resolve: did not happen\n"); conclude(effect, NEVER); effect = 0;
              own_write(OR_STOPPED(FAILED)); lease = NULL_LEASE; excused = MAY_BE_LATE };
     goto acts
  /* A stale copy brought the word unknown back although nothing is open. */
  :: d_step { users > 0 && status == UNKNOWN && effect == 0 ->
              users--; printf("resolve: nothing is open\n"); own_write(OR_STOPPED(FAILED));
              lease = NULL_LEASE };
     goto acts

  /* Refused with an open effect; a claimed repeatable item is stopped first. */
#ifdef DELETE_OPEN
  :: d_step { users > 0 && status != GONE ->
#else
  :: d_step { users > 0 && status != GONE && !HAS_OPEN_EFFECT && (IS_ONCE || status != CLAIMED) ->
#endif
              users--; printf("delete\n"); own_write(GONE); claim_id = 0; effect = 0; lease = NULL_LEASE };
     goto acts

  :: users = 0
  fi;
  goto over;

stop_again:
  if
#ifdef STOP_DOUBT_SAYS_PREVENTED
  :: d_step { say_stop() }; goto acts
#else
  :: d_step { decide_stop(); write_stop(); say_stop() }; goto acts
#endif
  fi;
over:
  skip
}

/* --- a program that knows no fence, and the trigger (rule 12) ------------------------------------------- */

/* What the trigger makes of a foreign statement. The fence moves by one whatever was written. A foreign
   statement is known by not writing OLD.fence + 1; it cannot touch the protocol's memory. */
#ifdef NO_TRIGGER
#define AFTER_TRIGGER_FENCE(new) new
#define KEEP_EFFECT(old, new)  new
#define KEEP_KEY(old, new)     new
#define KEEP_CLAIM(old, new)   new
#define KEEP_STOP(old, new)    new
#define KEEP_ATTEMPT(old, new) new
#else
#define AFTER_TRIGGER_FENCE(new) NEXT_FENCE
#ifdef TRIGGER_KEEPS_NOT_EFFECT
#define KEEP_EFFECT(old, new) new
#else
#define KEEP_EFFECT(old, new) old
#endif
#ifdef TRIGGER_KEEPS_NOT_KEY
#define KEEP_KEY(old, new) new
#else
#define KEEP_KEY(old, new) old
#endif
#ifdef TRIGGER_KEEPS_NOT_CLAIM
#define KEEP_CLAIM(old, new) new
#else
#define KEEP_CLAIM(old, new) old
#endif
#ifdef TRIGGER_KEEPS_NOT_STOP
#define KEEP_STOP(old, new) new
#else
#define KEEP_STOP(old, new) (old || new)
#endif
#ifdef TRIGGER_KEEPS_NOT_ATTEMPT
#define KEEP_ATTEMPT(old, new) new
#else
#define KEEP_ATTEMPT(old, new) old
#endif
#endif

/* A stopped `once` item stays stopped, whatever word a program saves: only a recorded act re-arms it (F2).
   For repeatable work a plain Queued is how other programs ask for another run: it re-arms. */
#ifdef NO_TRIGGER
#define WORD_ALLOWED(word) word
#else
#ifdef TRIGGER_LEAVES_STOPPED
#define WORD_ALLOWED(word) word
#else
#define WORD_ALLOWED(word) ((IS_ONCE && status == STOPPED) -> STOPPED : word)
#endif
#endif

/* A Cancelled on an open effect is a stop: it must be remembered, or a retry would send after it. */
#ifdef CANCEL_NOT_REMEMBERED
#define CANCELS_OPEN false
#else
#define CANCELS_OPEN (word == STOPPED && HAS_OPEN_EFFECT)
#endif

inline foreign_word() {
  /* word: what the statement writes; the monitor hears what its author meant */
  if
  :: word == STOPPED -> said_no = true
  :: word != STOPPED && !IS_ONCE -> said_no = false
  :: else
  fi;
  if
  :: CANCELS_OPEN -> stop_wanted = true
  :: else
  fi;
  status = WORD_ALLOWED(word);
  word = 0
}

proctype Foreign()
{
  byte word;
  bool have;          /* a copy of the whole row, read some time ago by a program that will save it whole */
  byte c_status, c_claim, c_effect, c_key, c_lease, c_attempt;
  bool c_stop, c_enabled, c_due;

statements:
  if
  :: d_step { foreign > 0 && (status != QUEUED && status != GONE) -> foreign--; printf("foreign: Queued\n");
              word = QUEUED; fence = AFTER_TRIGGER_FENCE(fence); moved(); foreign_word(); F1 };
     goto statements
  :: d_step { foreign > 0 && (status != STOPPED && status != GONE) ->
              foreign--; printf("foreign: Cancelled\n");
              word = STOPPED; fence = AFTER_TRIGGER_FENCE(fence); moved(); foreign_word(); F1 };
     goto statements
  :: d_step { foreign > 0 && (status != DONE && status != GONE) -> foreign--; printf("foreign: Completed\n");
              word = DONE; fence = AFTER_TRIGGER_FENCE(fence); moved(); foreign_word(); F1 };
     goto statements
#ifdef FLAGS
  :: d_step { foreign > 0 && status != GONE -> foreign--; printf("foreign: is_enabled = %d\n", !is_enabled);
              is_enabled = !is_enabled; fence = AFTER_TRIGGER_FENCE(fence); moved(); F1 };
     goto statements
  :: d_step { foreign > 0 && status != GONE && due -> foreign--; printf("foreign: postponed\n");
              due = false; fence = AFTER_TRIGGER_FENCE(fence); moved(); F1 };
     goto statements
#endif
#ifndef NO_SAVE
  :: d_step { foreign > 0 && !have && status != GONE -> printf("foreign: reads the row\n");
              have = true; c_status = status; c_fence = fence; c_claim = claim_id; c_effect = effect;
              c_key = effect_key; c_lease = lease; c_attempt = attempt; c_stop = stop_wanted;
              c_enabled = is_enabled; c_due = due };
     goto statements
  :: d_step { foreign > 0 && have && status != GONE ->
              foreign--; printf("foreign: saves its whole old row\n");
              word = c_status;
              fence = AFTER_TRIGGER_FENCE(c_fence);
              moved();
              stop_wanted = KEEP_STOP(stop_wanted, c_stop);
              foreign_word();
              effect = KEEP_EFFECT(effect, c_effect);
              effect_key = KEEP_KEY(effect_key, c_key);
              claim_id = KEEP_CLAIM(claim_id, c_claim);
              attempt = KEEP_ATTEMPT(attempt, c_attempt);
              lease = c_lease; is_enabled = c_enabled; due = c_due;
              have = false; c_status = 0; c_fence = 0; c_claim = 0; c_effect = 0; c_key = 0; c_lease = 0;
              c_attempt = 0; c_stop = false; c_enabled = false; c_due = false;
              F1 };
     goto statements
#endif
  :: d_step { foreign = 0; have = false; c_status = 0; c_fence = 0; c_claim = 0; c_effect = 0; c_key = 0;
              c_lease = 0; c_attempt = 0; c_stop = false; c_enabled = false; c_due = false }
  fi
}

/* From here on the request does not arrive any more, unless the world is one where it may. */
inline deadline(c) {
  printf("the deadline of %d passes\n", c);
  past_deadline[c] = true;
  flying[c] = flying[c] && MAY_BE_LATE
}

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

init {
  atomic {
#ifdef NO_CLAIM_MARK
    claim_id = 1;
#endif
    run Worker(0);
    run Worker(1);
#if USERS > 0
    run People();
#endif
#if FOREIGN > 0
    run Foreign();
#endif
#ifndef REPEATABLE
    run Reconciler();
#endif
    run World()
  }
}
