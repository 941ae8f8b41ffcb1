//! Executions as callers meet them.

use serde_json::{Value, json};

use crate::sim::messaging_tests::Player;

const ROLE: &str = "arn:aws:iam::123456789012:role/states";

fn machine(player: &mut Player, name: &str, definition: &Value) -> Value {
    let input = json!({"name": name, "definition": definition.to_string(), "roleArn": ROLE});
    player.get("states", "CreateStateMachine", input)["stateMachineArn"].clone()
}

fn start(player: &mut Player, machine: &Value, input: &Value) -> Value {
    player.get("states", "StartExecution", json!({"stateMachineArn": machine, "input": input.to_string()}))["executionArn"]
        .clone()
}

fn ended(player: &mut Player, execution: &Value, seconds: i64) -> Value {
    player.wait(seconds);
    player.get("states", "DescribeExecution", json!({"executionArn": execution}))
}

fn output(told: &Value) -> Value {
    assert_eq!(told["status"], "SUCCEEDED", "{told}");
    serde_json::from_str(told["output"].as_str().unwrap()).unwrap()
}

fn events(player: &mut Player, execution: &Value) -> Vec<String> {
    let (mut seen, mut input) = (Vec::new(), json!({"executionArn": execution, "maxResults": 2}));
    loop {
        let page = player.get("states", "GetExecutionHistory", input.clone());
        seen.extend(page["events"].as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap().to_owned()));
        let Some(token) = page.get("nextToken") else { return seen };
        input["nextToken"] = token.clone();
    }
}

#[test]
fn an_execution_goes_from_state_to_state_in_the_worlds_time() {
    let mut player = Player::new();
    let machine = machine(
        &mut player,
        "flow",
        &json!({"StartAt": "Set", "States": {
            "Set": {"Type": "Pass", "Parameters": {"n.$": "$.n", "text.$": "States.Format('n is {}', $.n)"}, "ResultPath": "$.made", "Next": "Wait"},
            "Wait": {"Type": "Wait", "SecondsPath": "$.n", "Next": "Choose"},
            "Choose": {"Type": "Choice", "Choices": [{"Variable": "$.n", "NumericGreaterThan": 5, "Next": "Done"}], "Default": "No"},
            "Done": {"Type": "Succeed", "OutputPath": "$.made"},
            "No": {"Type": "Fail", "Error": "TooSmall", "Cause": "n is small"},
        }}),
    );
    let execution = start(&mut player, &machine, &json!({"n": 30}));
    assert_eq!(ended(&mut player, &execution, 29)["status"], "RUNNING");
    let told = ended(&mut player, &execution, 2);
    assert_eq!(output(&told), json!({"n": 30, "text": "n is 30"}));
    let seen = events(&mut player, &execution);
    assert_eq!(
        seen,
        [
            "ExecutionStarted",
            "PassStateEntered",
            "PassStateExited",
            "WaitStateEntered",
            "WaitStateExited",
            "ChoiceStateEntered",
            "ChoiceStateExited",
            "SucceedStateEntered",
            "SucceedStateExited",
            "ExecutionSucceeded"
        ]
    );
    let execution = start(&mut player, &machine, &json!({"n": 1}));
    let told = ended(&mut player, &execution, 5);
    assert_eq!((&told["status"], &told["error"], &told["cause"]), (&json!("FAILED"), &json!("TooSmall"), &json!("n is small")));
}

#[test]
fn a_name_starts_one_execution_and_no_other() {
    let mut player = Player::new();
    let machine =
        machine(&mut player, "wait", &json!({"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 60, "End": true}}}));
    let ask = json!({"stateMachineArn": machine, "name": "once", "input": "{\"a\":1}"});
    let first = player.get("states", "StartExecution", ask.clone());
    assert_eq!(player.get("states", "StartExecution", ask.clone()), first);
    let other = json!({"stateMachineArn": machine, "name": "once", "input": "{}"});
    assert_eq!(player.refused("states", "StartExecution", other), "ExecutionAlreadyExists");
    player.wait(61);
    assert_eq!(player.refused("states", "StartExecution", ask), "ExecutionAlreadyExists");
    assert_eq!(
        player.get("states", "ListExecutions", json!({"stateMachineArn": machine}))["executions"].as_array().unwrap().len(),
        1
    );
}

#[test]
fn tasks_call_services_and_failures_are_tried_again_caught_or_redriven() {
    let mut player = Player::new();
    let queue = player.get("sqs", "CreateQueue", json!({"QueueName": "q"}))["QueueUrl"].clone();
    let machine = machine(
        &mut player,
        "tasks",
        &json!({"StartAt": "Send", "States": {
            "Send": {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "ResultPath": "$.sent",
                "Parameters": {"QueueUrl": queue, "MessageBody": {"text.$": "$.text"}}, "Next": "Call"},
            "Call": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": "late", "Payload.$": "$"},
                "Retry": [{"ErrorEquals": ["Lambda.ResourceNotFoundException"], "IntervalSeconds": 10, "MaxAttempts": 2}],
                "ResultSelector": {"text.$": "$.Payload.text"}, "End": true},
        }}),
    );
    let execution = start(&mut player, &machine, &json!({"text": "hello"}));
    assert_eq!(ended(&mut player, &execution, 5)["status"], "RUNNING");
    let message = player.get("sqs", "ReceiveMessage", json!({"QueueUrl": queue}));
    assert_eq!(message["Messages"][0]["Body"], "{\"text\":\"hello\"}");
    let told = ended(&mut player, &execution, 40);
    assert_eq!((&told["status"], &told["error"]), (&json!("FAILED"), &json!("Lambda.ResourceNotFoundException")));
    player.get(
        "lambda",
        "CreateFunction",
        json!({"FunctionName": "late", "Runtime": "python3.13", "Handler": "a.b", "Role": ROLE, "Code": {"ZipFile": "UEsFBg=="}}),
    );
    player.get("states", "RedriveExecution", json!({"executionArn": execution}));
    let told = ended(&mut player, &execution, 1);
    assert_eq!(output(&told), json!({"text": "hello"}));
    assert_eq!(told["redriveCount"], 1);
    assert_eq!(player.refused("states", "RedriveExecution", json!({"executionArn": execution})), "ExecutionNotRedrivable");
}

#[test]
fn branches_and_iterations_end_together_or_fail_together() {
    let mut player = Player::new();
    let add = json!({"StartAt": "A", "States": {"A": {"Type": "Pass", "Parameters": {"v.$": "States.MathAdd($.v, 1)"}, "OutputPath": "$.v", "End": true}}});
    let broken = json!({"StartAt": "B", "States": {"B": {"Type": "Fail", "Error": "Broken"}}});
    let wait = json!({"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 10, "End": true}}});
    let flow = machine(
        &mut player,
        "map",
        &json!({"StartAt": "M", "States": {
            "M": {"Type": "Map", "ItemsPath": "$.items", "ItemSelector": {"v.$": "$$.Map.Item.Value"}, "MaxConcurrency": 2, "ItemProcessor": add, "ResultPath": "$.sums", "Next": "P"},
            "P": {"Type": "Parallel", "Branches": [wait, broken], "Catch": [{"ErrorEquals": ["Broken"], "ResultPath": "$.error", "Next": "E"}], "End": true},
            "E": {"Type": "Pass", "End": true},
        }}),
    );
    let items: Vec<i32> = (0..2000).collect();
    let execution = start(&mut player, &flow, &json!({"items": items}));
    let told = output(&ended(&mut player, &execution, 5));
    assert_eq!((told["sums"][0].as_i64(), told["sums"][1999].as_i64()), (Some(1), Some(2000)));
    assert_eq!(told["error"], json!({"Error": "Broken", "Cause": ""}));
}

#[test]
fn a_task_waits_for_its_token_and_an_execution_for_another() {
    let mut player = Player::new();
    let queue = player.get("sqs", "CreateQueue", json!({"QueueName": "q"}))["QueueUrl"].clone();
    let inner = machine(
        &mut player,
        "inner",
        &json!({"StartAt": "Ask", "States": {"Ask": {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "Parameters": {"QueueUrl": queue, "MessageBody.$": "$$.Task.Token"}, "TimeoutSeconds": 600, "End": true}}}),
    );
    let outer = machine(
        &mut player,
        "outer",
        &json!({"StartAt": "Run", "States": {"Run": {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2",
            "Parameters": {"StateMachineArn": inner}, "OutputPath": "$.Output", "End": true}}}),
    );
    let execution = start(&mut player, &outer, &json!({}));
    player.wait(30);
    let message = player.get("sqs", "ReceiveMessage", json!({"QueueUrl": queue}));
    let token = message["Messages"][0]["Body"].clone();
    let answer = json!({"taskToken": token, "output": "{\"approved\":true}"});
    player.get("states", "SendTaskSuccess", answer.clone());
    assert_eq!(player.refused("states", "SendTaskSuccess", answer), "InvalidToken");
    assert_eq!(output(&ended(&mut player, &execution, 5)), json!({"approved": true}));
}
