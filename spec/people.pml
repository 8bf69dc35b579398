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
#define STOP_REFUSED ((answer == PREVENTED && REFUSED(STOPPED)) || \
                      ((answer == IN_FLIGHT || answer == OUTCOME_UNKNOWN) && REFUSED(status)))
inline write_stop() {
  if
#ifdef RULES
#ifdef REFUSED_STOP_PREVENTS
  :: STOP_REFUSED
#else
  :: STOP_REFUSED -> answer = 0                              /* an error, which promises nothing */
#endif
#endif
  :: !STOP_REFUSED && (answer == IN_FLIGHT || answer == OUTCOME_UNKNOWN) -> stop_wanted = true
  :: !STOP_REFUSED && answer == PREVENTED             -> own_write(STOPPED); lease = NULL_LEASE; F1
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
  :: d_step { users > 0 && status == STOPPED && effect == 0 && !REFUSED(QUEUED) ->
              users--; printf("re-arm\n"); own_write(QUEUED); stop_wanted = false; said_no = false; F1 };
     goto acts

  /* Rule 8, edit. A claimed repeatable item stays claimed: only its worker or its lease's end frees it. */
#ifdef EDIT_OPEN
  :: d_step { users > 0 && (status == QUEUED || status == CLAIMED || status == SENDING || status == FAILED) ->
              users--; printf("edit\n"); effect = 0; own_write(QUEUED) };
     goto acts
#endif
  :: d_step { users > 0 && !HAS_OPEN_EFFECT &&
              (status == QUEUED || status == CLAIMED || status == FAILED || status == STOPPED) &&
              !REFUSED(status) && !(IS_ONCE && status == CLAIMED && REFUSED(OR_STOPPED(QUEUED))) ->
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
  :: d_step { users > 0 && status == UNKNOWN && STILL_OPEN && MAY_RESOLVE && took[effect] &&
              !REFUSED(DONE) ->
              users--; printf("resolve: happened\n"); conclude(effect, HAPPENED); own_write(DONE);
              lease = NULL_LEASE };
     goto acts
  :: d_step { users > 0 && status == UNKNOWN && STILL_OPEN && MAY_RESOLVE && taken == 0 &&
              !REFUSED(OR_STOPPED(FAILED)) ->
              users--; printf("resolve: did not happen\n"); conclude(effect, NEVER); effect = 0;
              own_write(OR_STOPPED(FAILED)); lease = NULL_LEASE; excused = MAY_BE_LATE };
     goto acts
  /* A stale copy brought the word unknown back although nothing is open. */
  :: d_step { users > 0 && status == UNKNOWN && effect == 0 && !REFUSED(OR_STOPPED(FAILED)) ->
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
