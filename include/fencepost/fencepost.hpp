#pragma once
// Everything that an embedding program needs; for its tests: fencepost/testing.hpp.

#include "fencepost/answers.hpp"
#include "fencepost/effect.hpp"
#include "fencepost/error.hpp"
#include "fencepost/job.hpp"
#include "fencepost/job_loop.hpp"
#include "fencepost/jobs.hpp"
#include "fencepost/queue.hpp"
#include "fencepost/store.hpp"
#include "fencepost/transaction.hpp"
