/* --- workers -------------------------------------------------------------------------------------------- */

/* Two idle workers are the same, so that it is enough to let the first one ask. */
#define MAY_ASK(w) (claims < CLAIMS && (w == 0 || my_claim[0] != 0))

#ifdef PUT_OFF_UNTESTED
#define PUT_OFF_OK (status != GONE)
#else
#ifdef PUT_OFF_NOT_DUE
#define PUT_OFF_OK (status == QUEUED && effect == 0)
#else
#define PUT_OFF_OK CLAIM_OK
#endif
#endif
/* The words that a settlement writes. */
#define WORD_OF(knows) (knows == QUEUED -> OR_STOPPED(QUEUED) : knows)
#define EFFECT_WORD(knows) (knows == YES -> DONE : (knows == NO -> OR_STOPPED(QUEUED) : \
                           (knows == NO_RETRY -> OR_STOPPED(FAILED) : UNKNOWN)))

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
  :: d_step { CLAIM_OK && MAY_ASK(w) && !REFUSED(CLAIMED) -> printf("w%d claims\n", w); grant(w) }
#endif
#ifdef RULES
  /* Refused by itself: put off by a time of our own, in a transaction of its own that tests what the claim
     tested. Whoever wants it later, or not at all, has said so meanwhile. */
  :: d_step { put_offs > 0 && CLAIM_OK && MAY_ASK(w) && REFUSED(CLAIMED) ->
              printf("w%d claims: refused\n", w); put_offs-- };
     if
     :: d_step { PUT_OFF_OK && !REFUSED(QUEUED) -> printf("w%d puts it off\n", w);
                 own_write(QUEUED); due = false; own_due = true }
     :: d_step { !PUT_OFF_OK || REFUSED(QUEUED) -> printf("w%d puts nothing off\n", w) }
     fi;
     goto idle
#endif
  /* Rule 8: run_now claims by itself and makes the item due; on a failed one it is the act that re-arms. */
#ifdef RUN_NOW_IGNORES_EFFECT
  :: d_step { users > 0 && MAY_ASK(w) && (status == QUEUED || status == FAILED) && !REFUSED(CLAIMED) ->
#else
  :: d_step { users > 0 && MAY_ASK(w) && (status == QUEUED || status == FAILED) && effect == 0 &&
              !REFUSED(CLAIMED) ->
#endif
       users--;
       printf("w%d run_now: started\n", w);
       assert(effect == 0);                       /* "started" is only said where the gate may still pass */
       if
       :: status == FAILED -> said_no = false; stop_wanted = false
       :: else
       fi;
       due = true;
#ifdef RULES
       later = false;
       own_due = false;
#endif
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
  :: d_step { SETTLE_OK(w) && !REFUSED(WORD_OF(knows)) ->
              printf("w%d settles %d\n", w, knows); settle_repeatable(w, knows); forget(w);
              knows = 0 };
     goto idle
  :: d_step { doubts > 0 && SETTLE_OK(w) && !REFUSED(WORD_OF(knows)) ->
              printf("w%d settles %d, in doubt, applied\n", w, knows);
              doubts--; settle_repeatable(w, knows) };
     goto settle                                                       /* rule 4: repeat */
  :: d_step { doubts > 0 && SETTLE_OK(w) ->
              printf("w%d settles %d, in doubt, lost\n", w, knows); doubts-- };
     goto settle
  :: d_step { !SETTLE_OK(w) || REFUSED(WORD_OF(knows)) -> printf("w%d is stale, or refused\n", w);
              knows = 0 }
  :: d_step { printf("w%d crashes\n", w); forget(w); knows = 0 }; goto idle
  fi;
  /* Rule 8, "again afterwards": the item was edited under this worker, which says now that it is through. */
  if
  :: d_step { ACK_OK(w) && !REFUSED(OR_STOPPED(QUEUED)) ->
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
  :: d_step { GATE_OK(w) && !REFUSED(SENDING) -> printf("w%d gate\n", w); gate(w); my_fence[w] = 0 }
#endif
  :: d_step { !GATE_OK(w) -> printf("w%d gate: revoked\n", w); forget(w) }; goto idle
  :: d_step { doubts > 0 && GATE_OK(w) && !REFUSED(SENDING) ->
              printf("w%d gate, in doubt, applied\n", w); doubts--; gate(w) };
     goto look
  :: d_step { doubts > 0 && GATE_OK(w) -> printf("w%d gate, in doubt, lost\n", w); doubts-- }; goto look
  /* Hand-back at shutdown, before anything began. */
  :: d_step { claim_id == my_claim[w] && fence == my_fence[w] && status == CLAIMED &&
              !REFUSED(OR_STOPPED(QUEUED)) ->
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
#ifdef RULES
  /* The table refuses the word: a yes is kept without it, anything else is lost, and the lease lapses. */
  :: d_step { SETTLE_EFFECT_OK(my_claim[w]) && knows == YES && REFUSED(DONE) ->
              printf("w%d settles %d: refused\n", w, knows) };
     goto keep
  :: d_step { SETTLE_EFFECT_OK(my_claim[w]) && knows != YES && REFUSED(EFFECT_WORD(knows)) ->
              printf("w%d settles %d: refused, lost\n", w, knows); forget(w); knows = 0 }
#endif
  :: d_step { SETTLE_EFFECT_OK(my_claim[w]) && !REFUSED(EFFECT_WORD(knows)) ->
              printf("w%d settles %d\n", w, knows);
              settle_effect(my_claim[w], knows); forget(w); knows = 0 }
  :: d_step { doubts > 0 && SETTLE_EFFECT_OK(my_claim[w]) && !REFUSED(EFFECT_WORD(knows)) ->
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

#ifdef RULES
keep:
  if
  :: d_step { keep_yes(my_claim[w]); forget(w); knows = 0 }
  :: d_step { doubts > 0 -> printf("kept, in doubt, applied\n"); doubts--; keep_yes(my_claim[w]) };
     goto settle
  :: d_step { doubts > 0 -> printf("kept, in doubt, lost\n"); doubts-- }; goto settle
  :: d_step { printf("w%d crashes before it keeps it\n", w); forget(w); knows = 0 }
  fi;
  goto idle;
#endif

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
