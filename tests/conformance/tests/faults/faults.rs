//! What can be wrong with a runtime.

/// One thing that a runtime does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing is wrong: all cases have to pass.
    None,

    // The clock.
    NowJumpsBack,
    ClonesHaveAnEpochOfTheirOwn,

    // When sleeps end.
    EarlyByALittle,
    RoundsDownToTicks,
    RoundsToTheNearestTick,
    WrapsAt32Bits,
    WrapsAt31Bits,
    PanicsOnOverflow,
    FirstPollIsAlwaysPending,
    CountsFromTheFirstPoll,
    AnyWakeEndsIt,
    PollingAgainBeginsAnew,
    LatestFirst,
    WaitsForTheLongest,
    FailsForNoReason,
    EndsAtOnceFromAReading,
    TakesAReadingForTheDeadline,

    // Whom it wakes.
    NeverWakes,
    WakesTheFirstWaker,
    ForgetsAtTheSecondPoll,
    ForgetsAtAnotherWaker,
    WakesOneOfADeadline,
    WakesUnderItsLock,
    DropsUnderItsLock,

    // What it keeps.
    OneAtATime,
    FourAtATime,
    DroppingOneDropsAll,
    DroppingOneDropsTheNext,
    DroppedOnesStay,
    FinishedOnesTakeAnothersPlace,
    KeepsTheWakersOfFinishedOnes,

    // Tasks.
    RefusesTasks,
    DropsTasks,
    PollsTasksOnce,
    OneTaskAtATime,
    KeepsFinishedTasks,
    TasksEndWithTheOneThatStartedThem,
    LosesWakesWhilePolling,
    ForgetsTheWakerOfTasks,
}
