//! What the tests of this crate have in common: one case of one district, its orders and answers.

use ids::CaseId;
use prost::Message;
use proto::common::v1::{Officer, Outcome};
use proto::dispatch::v1::{Answer, CallOrder, CallOver, Done, Order, Respond, TaskOrder, answer, order};
use rand::SeedableRng;

use crate::store::NewOrder;
use crate::wire::{ReadAnswer, read_answer, read_order};

pub fn case(number: u64) -> CaseId {
    let mut random = rand::rngs::StdRng::seed_from_u64(number);
    CaseId::draw(jiff::civil::date(2026, 11, 21), &mut random)
}

/// The order `n` of case `number`.
pub fn order(number: u64, n: &str, what: order::Order) -> Order {
    let (district, case_id) = ("wuchang".to_owned(), case(number).to_string());
    Order { district, case_id, n: n.to_owned(), at: None, order: Some(what) }
}

pub fn new(order: &Order) -> NewOrder {
    let read = read_order(order).unwrap();
    let received_at = "2026-11-21T08:00:00Z".parse().unwrap();
    NewOrder { call: read.call, n: read.n, received_at, payload: order.encode_to_vec() }
}

pub fn call(call: u32) -> order::Order {
    order::Order::Call(CallOrder { call, title: "积玉桥·中山路308号".to_owned(), ..CallOrder::default() })
}

pub fn task(call: u32, task: u32) -> order::Order {
    order::Order::Task(TaskOrder { task, call, ..TaskOrder::default() })
}

pub fn over(call: u32) -> order::Order {
    order::Order::Over(CallOver { call, reason: "released".to_owned() })
}

pub fn respond() -> answer::Answer {
    let officer = Some(Officer { staff_ref: "w-017".to_owned(), post: "duty officer".to_owned() });
    answer::Answer::Respond(Respond { officer })
}

pub fn done() -> answer::Answer {
    answer::Answer::Done(Done { outcome: Outcome::Solved.into(), note: String::new(), evidence: vec![] })
}

/// An answer to call 1 of case `number`.
pub fn answer(number: u64, command_id: &str, said: answer::Answer) -> Answer {
    let (district, case_id) = ("wuchang".to_owned(), case(number).to_string());
    Answer { district, case_id, call: 1, command_id: command_id.to_owned(), answer: Some(said) }
}

pub fn read(answer: Answer) -> ReadAnswer {
    read_answer(answer).unwrap()
}
