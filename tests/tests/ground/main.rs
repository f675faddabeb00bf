//! What processes stand on, taken away from under them: their disk, their file handles, their clock, their certificates,
//! the aggregator's address, well-behaved peers. Each time there is a message with what to do, the rest goes on, and once
//! it is mended everything recovers by itself: no process is started again unless the test says so.

mod address;
mod certificates;
mod clock;
mod connections;
mod damage;
mod disk;
mod files;
mod scene;
